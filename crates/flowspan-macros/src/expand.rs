//! The observed function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Error, LitStr, Path, Result, ext::IdentExt, spanned::Spanned};

use crate::{
    function::Function,
    kind::Kind,
    options::Options,
    result::{Returns, expected},
};

/// The function, observed; or a message and the function as it was, so that code that calls it
/// does not add errors of its own.
pub(crate) fn observe(kind: Kind, krate: &str, options: TokenStream, item: TokenStream) -> TokenStream {
    try_observe(kind, krate, options, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn try_observe(kind: Kind, krate: &str, options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(kind, options)?;
    let function: Function = syn::parse2(item)?;
    function.check()?;

    let krate = match options.krate {
        Some(krate) => krate,
        None => syn::parse_str::<Path>(krate)?,
    };
    let name = options.name.unwrap_or_else(|| {
        let ident = &function.signature.ident;
        LitStr::new(&ident.unraw().to_string(), ident.span())
    });
    let handle = kind.handle(&krate, &name, options.step_type.as_ref());
    let body = if function.signature.asyncness.is_some() {
        asynchronous(&function, &handle)
    } else {
        synchronous(&function, &handle)?
    };

    let Function { outer_attributes, visibility, defaultness, signature, brace, inner_attributes, .. } =
        &function;
    let mut block = TokenStream::new();
    brace.surround(&mut block, |tokens| tokens.extend(quote!(#(#inner_attributes)* #body)));
    Ok(quote!(#(#outer_attributes)* #visibility #defaultness #signature #block))
}

fn asynchronous(function: &Function, handle: &TokenStream) -> TokenStream {
    let body = &function.body;
    let output = &function.signature.output;
    let kind = expected(output);
    // Without it the compiler would not know what the block is meant to return, and refuse bodies
    // that need to know, such as one that returns a box of a trait.
    let returning = |kind: TokenStream| {
        quote_spanned! {kind.span()=>
            #[allow(
                unknown_lints,
                unreachable_code,
                clippy::diverging_sub_expression,
                clippy::empty_loop,
                clippy::let_unit_value,
                clippy::let_with_type_underscore,
                clippy::needless_return,
            )]
            if false {
                let __never: #kind = loop {};
                return __never;
            }
        }
    };
    match Returns::of(output) {
        Returns::Never => {
            let returning = returning(quote!(::core::convert::Infallible));
            quote!(match #handle.watch(async move { #returning #body }).await {})
        }
        Returns::Result => {
            let returning = returning(quote!(#kind));
            quote!(#handle.run(async move { #returning #body }).await)
        }
        Returns::Value | Returns::Future => {
            let returning = returning(quote!(#kind));
            quote!(#handle.watch(async move { #returning #body }).await)
        }
    }
}

fn synchronous(function: &Function, handle: &TokenStream) -> Result<TokenStream> {
    let body = &function.body;
    let output = &function.signature.output;
    match Returns::of(output) {
        Returns::Result => {
            let kind = expected(output);
            Ok(quote!(#handle.in_scope(move || -> #kind { #body })))
        }
        Returns::Value | Returns::Never => {
            // Not visible to the body, because of where its name was made.
            let guard = Ident::new("guard", Span::mixed_site());
            Ok(quote!(let #guard = #handle.enter(); #body))
        }
        Returns::Future => Err(Error::new_spanned(
            output,
            "this function returns before its work begins: write `async fn`, or run the future through the handle",
        )),
    }
}
