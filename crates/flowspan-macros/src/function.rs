//! A function whose body is left as it was written.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Error, Result, Signature, Token, Visibility, braced,
    parse::{Parse, ParseStream},
    token::Brace,
};

/// A function with an unparsed body.
///
/// The body is not looked at, so a half-written one still reaches the compiler and the editor,
/// which say what is wrong with it better than a macro could.
pub(crate) struct Function {
    pub(crate) outer_attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) signature: Signature,
    pub(crate) brace: Brace,
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let outer_attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let defaultness = input.parse()?;
        let signature: Signature = input.parse().map_err(|error| {
            Error::new(error.span(), format!("only a function can be observed this way ({error})"))
        })?;
        if input.peek(Token![;]) {
            return Err(Error::new_spanned(
                &signature.ident,
                "a function without a body cannot be observed: put the attribute where it is implemented",
            ));
        }
        let content;
        let brace = braced!(content in input);
        let inner_attributes = content.call(Attribute::parse_inner)?;
        let body = content.parse()?;
        Ok(Function { outer_attributes, visibility, defaultness, signature, brace, inner_attributes, body })
    }
}

impl Function {
    /// Refuses what cannot be moved into a future or a closure.
    pub(crate) fn check(&self) -> Result<()> {
        let signature = &self.signature;
        let mut errors = Vec::new();
        if let Some(unsafety) = &signature.unsafety {
            errors.push(Error::new_spanned(
                unsafety,
                "an `unsafe fn` cannot be observed: put the attribute on a safe function that calls it",
            ));
        }
        if let Some(constness) = &signature.constness {
            errors.push(Error::new_spanned(
                constness,
                "a `const fn` cannot be observed: it may run when nobody can listen, in the compiler",
            ));
        }
        errors
            .into_iter()
            .reduce(|mut all, error| {
                all.combine(error);
                all
            })
            .map_or(Ok(()), Err)
    }
}
