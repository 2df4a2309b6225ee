//! A reader of the text format 0.0.4 that forgives nothing.

use std::collections::BTreeMap;

/// All lines of one name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) help: String,
    /// By labels.
    pub(super) series: BTreeMap<BTreeMap<String, String>, Value>,
}

/// What a series says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// With the bounds as they are written, the last one included.
    Histogram {
        buckets: Vec<(String, f64)>,
        sum: f64,
        count: f64,
    },
}

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// All families, or what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Vec<Family>, String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let mut families: Vec<Family> = Vec::new();
    let mut names_of_samples: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = text.split_terminator('\n').peekable();
    while let Some(line) = lines.next() {
        let mut line = line;
        let mut help = None;
        if let Some(text) = line.strip_prefix("# HELP ") {
            let (name, text) = text.split_once(' ').ok_or("a HELP without text")?;
            help = Some((name, unescape(text, "\\n")?));
            line = lines.next().ok_or("a HELP without a TYPE")?;
        }
        let (name, kind) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(|| format!("no TYPE: {line:?}"))?;
        if !is_name(name, ":") || help.as_ref().is_some_and(|(helped, _)| *helped != name) {
            return Err(format!("a bad name: {line:?}"));
        }
        if families.iter().any(|family| family.name == name) {
            return Err(format!("{name} is there twice"));
        }
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let sample = sample(line).map_err(|error| format!("{error}: {line:?}"))?;
            let owner = names_of_samples.entry(sample.name.clone()).or_insert_with(|| name.to_owned());
            if owner != name {
                return Err(format!("{} belongs to {owner} and to {name}", sample.name));
            }
            samples.push(sample);
        }
        let all = match kind {
            "counter" | "gauge" => plain(name, samples)?,
            "histogram" => histograms(name, samples)?,
            _ => return Err(format!("a bad type: {line:?}")),
        };
        let mut series = BTreeMap::new();
        for (labels, value) in all {
            if series.insert(labels.clone(), value).is_some() {
                return Err(format!("{name} {labels:?} is there twice"));
            }
        }
        let help = help.map(|(_, help)| help).unwrap_or_default();
        families.push(Family { name: name.to_owned(), kind: kind.to_owned(), help, series });
    }
    Ok(families)
}

type Labels = BTreeMap<String, String>;

fn plain(name: &str, samples: Vec<Sample>) -> Result<Vec<(Labels, Value)>, String> {
    let series = samples.into_iter().map(|sample| {
        if sample.name != name {
            return Err(format!("{} is among the samples of {name}", sample.name));
        }
        Ok((sample.labels, Value::Number(sample.value)))
    });
    series.collect()
}

fn histograms(name: &str, samples: Vec<Sample>) -> Result<Vec<(Labels, Value)>, String> {
    let mut series = Vec::new();
    let mut last = (f64::NEG_INFINITY, 0.0);
    let mut buckets = Vec::new();
    let mut total = None;
    for mut sample in samples {
        match sample.name.strip_prefix(name) {
            Some("_bucket") => {
                let text = sample.labels.remove("le").ok_or("a bucket without le")?;
                let le: f64 = text.parse().map_err(|_| format!("a bad bound: {text}"))?;
                if le <= last.0 || sample.value < last.1 {
                    return Err(format!("the buckets of {name} do not grow"));
                }
                last = (le, sample.value);
                buckets.push((text, sample.value));
            }
            Some("_sum") if !sample.labels.contains_key("le") => total = Some(sample.value),
            Some("_count") if last == (f64::INFINITY, sample.value) => {
                last = (f64::NEG_INFINITY, 0.0);
                let sum = total.take().ok_or("a count without a sum")?;
                let buckets = std::mem::take(&mut buckets);
                series.push((sample.labels, Value::Histogram { buckets, sum, count: sample.value }));
            }
            _ => return Err(format!("{} is no good sample of {name}", sample.name)),
        }
    }
    Ok(series)
}

fn sample(line: &str) -> Result<Sample, String> {
    let (head, value) = line.rsplit_once(' ').ok_or("no value")?;
    let value = value.parse().map_err(|_| "a bad value")?;
    let (name, labels) = match head.split_once('{') {
        None => (head, BTreeMap::new()),
        Some((name, rest)) => (name, labels(rest)?),
    };
    if !is_name(name, ":") {
        return Err("a bad name".to_owned());
    }
    Ok(Sample { name: name.to_owned(), labels, value })
}

fn labels(mut rest: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = BTreeMap::new();
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("no label")?;
        if !is_name(name, "") || name.starts_with("__") {
            return Err(format!("a bad label: {name:?}"));
        }
        let mut escaped = false;
        let end = after.find(|character| {
            let ends = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        });
        let (value, after) = after.split_at(end.ok_or("a value without an end")?);
        if labels.insert(name.to_owned(), unescape(value, "\\n\"")?).is_some() {
            return Err(format!("{name} is there twice"));
        }
        match &after[1..] {
            "}" => return Ok(labels),
            more => rest = more.strip_prefix(',').ok_or("no comma between labels")?,
        }
    }
}

fn unescape(text: &str, allowed: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(escaped) if allowed.contains(escaped) => escaped,
                other => return Err(format!("a bad escape: {other:?}")),
            },
            plain => plain,
        });
    }
    Ok(plain)
}

fn is_name(name: &str, more: &str) -> bool {
    let valid =
        |character: char| character.is_ascii_alphanumeric() || character == '_' || more.contains(character);
    name.chars().all(valid) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}
