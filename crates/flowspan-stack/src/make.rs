//! Builds the parts that come from package registries.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    Part, StackError, cache, locate,
    notice::notice,
    recipe::{Programs, Recipe},
};

/// Builds `part` unless this machine has it, and returns its program.
///
/// Takes some minutes and about 3 GB of Go caches the first time. Two processes
/// never build at once: the second waits, and then finds the result. What the
/// go command or npm says goes to standard error.
///
/// # Errors
///
/// [`StackError::NoGo`] or [`StackError::NoNpm`] without the tool,
/// [`StackError::BuildFailed`] when it fails, [`StackError::NotInstalled`] for
/// a part that comes from the operating system.
pub fn build(part: Part) -> Result<PathBuf, StackError> {
    let (Err(StackError::NotBuilt { path, .. }), Some(recipe)) = (locate(part), Recipe::of(part)) else {
        return locate(part);
    };
    let cache = cache::directory()?;
    fs::create_dir_all(&cache).map_err(StackError::file("create", &cache))?;

    let lock_path = cache.join("build.lock");
    let lock = fs::File::create(&lock_path).map_err(StackError::file("create", &lock_path))?;
    flock(&lock, FlockOperation::LockExclusive)
        .map_err(|error| StackError::file("lock", &lock_path)(error.into()))?;
    if path.is_file() {
        return Ok(path);
    }

    notice(&format!("building {part}, this takes some minutes"));
    let work = cache.join(format!("{}.build", recipe.cache_name()));
    remove(&work)?;
    let programs = match recipe.programs {
        Programs::Go(packages) => compile(part, recipe, packages, &work)?,
        Programs::Npm(name, file) => install(part, recipe, (name, file), &work)?,
    };
    // The directory appears complete or not at all.
    let target = cache.join(recipe.cache_name());
    remove(&target)?;
    fs::rename(&programs, &target).map_err(StackError::file("move into place", &target))?;
    remove(&work)?;
    Ok(path)
}

fn compile(part: Part, recipe: &Recipe, packages: &[&str], work: &Path) -> Result<PathBuf, StackError> {
    let module = work.join("module");
    let programs = work.join("programs");
    fs::create_dir_all(&programs).map_err(StackError::file("create", &programs))?;
    unpack(recipe, &module)?;

    let go = env::var_os("FLOWSPAN_GO").unwrap_or_else(|| OsString::from("go"));
    let mut output = programs.clone().into_os_string();
    output.push("/"); // Tells the go command that this is a directory.
    let status = Command::new(&go)
        .current_dir(&module)
        // Readonly: go.mod and go.sum say everything, or the build fails.
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"])
        .args(["-ldflags", "-s -w", "-o"])
        .arg(output)
        .args(packages)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .env_remove("GOFLAGS")
        .status()
        .map_err(|source| StackError::NoGo { part, go: go.to_string_lossy().into_owned(), source })?;
    if status.success() { Ok(programs) } else { Err(StackError::BuildFailed { part, status }) }
}

fn install(
    part: Part,
    recipe: &Recipe,
    (name, file): (&str, &str),
    work: &Path,
) -> Result<PathBuf, StackError> {
    unpack(recipe, work)?;
    let status = Command::new("npm")
        .current_dir(work)
        // `ci`: the lock file says everything, or the installation fails. The
        // optional packages have to be compiled and serve other systems.
        .args(["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"])
        // Standard output is the caller's.
        .stdout(std::io::stderr())
        .status()
        .map_err(|source| StackError::NoNpm { part, source })?;
    if !status.success() {
        return Err(StackError::BuildFailed { part, status });
    }
    let program = work.join(name);
    symlink(Path::new("node_modules").join(file), &program).map_err(StackError::file("link", &program))?;
    Ok(work.to_owned())
}

/// Writes the files of a recipe.
fn unpack(recipe: &Recipe, directory: &Path) -> Result<(), StackError> {
    fs::create_dir_all(directory).map_err(StackError::file("create", directory))?;
    recipe.files.iter().try_for_each(|(name, text)| {
        let path = directory.join(name);
        fs::write(&path, text).map_err(StackError::file("write", &path))
    })
}

fn remove(directory: &Path) -> Result<(), StackError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StackError::file("remove", directory)(error))
        }
        _ => Ok(()),
    }
}
