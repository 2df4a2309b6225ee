//! What stands in the parentheses of an attribute.

use proc_macro2::TokenStream;
use syn::{
    Error, Ident, LitStr, Path, Result, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use crate::kind::Kind;

/// The options of one attribute.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) step_type: Option<LitStr>,
    pub(crate) krate: Option<Path>,
}

impl Options {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let mut options = Options::default();
            while !input.is_empty() {
                options.one(kind, input)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(options)
        };
        parser.parse2(tokens)
    }

    fn one(&mut self, kind: Kind, input: ParseStream<'_>) -> Result<()> {
        if input.peek(LitStr) {
            let name = label(input)?;
            return set(&mut self.name, name.span(), "name", name);
        }
        let key = input.call(Ident::parse_any)?;
        let option = key.to_string();
        let known = match option.as_str() {
            "name" | "crate" => true,
            "type" if kind == Kind::Step => true,
            "type" => return Err(Error::new(key.span(), "only `#[step]` has a type")),
            _ => false,
        };
        if !known {
            return Err(Error::new(key.span(), unknown(kind, &option)));
        }
        input.parse::<Token![=]>()?;
        match option.as_str() {
            "name" => set(&mut self.name, key.span(), "name", label(input)?),
            "type" => set(&mut self.step_type, key.span(), "type", label(input)?),
            _ => set(&mut self.krate, key.span(), "crate", path(input)?),
        }
    }
}

fn set<T>(slot: &mut Option<T>, span: proc_macro2::Span, option: &str, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(span, format!("`{option}` stands here twice"))),
    }
}

/// A string that becomes a label. Only literals: a value that is known at run time alone could
/// take any number of values.
fn label(input: ParseStream<'_>) -> Result<LitStr> {
    let label: LitStr = input.parse().map_err(|error| {
        Error::new(error.span(), "write a string literal: it becomes the value of a label")
    })?;
    if label.value().trim().is_empty() {
        return Err(Error::new(label.span(), "this may not be empty: it becomes the value of a label"));
    }
    Ok(label)
}

fn path(input: ParseStream<'_>) -> Result<Path> {
    if input.peek(LitStr) {
        input.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        input.call(Path::parse_mod_style)
    }
}

fn unknown(kind: Kind, option: &str) -> String {
    let types = if kind == Kind::Step { "`type`, " } else { "" };
    format!("`#[{}]` has no option `{option}`; it has `name`, {types}`crate`", kind.attribute())
}
