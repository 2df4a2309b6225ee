//! What a return type says, as far as its words go. A macro sees no types, only their names.

use syn::{
    GenericArgument, Path, PathArguments, ReturnType, Token, Type, TypeImplTrait, TypeInfer, TypeParamBound,
    parse_quote,
    visit_mut::{VisitMut, visit_type_mut},
};

/// What becomes of the return value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    /// A `Result`, from which the status is taken.
    Result,
    /// Anything else: the work has succeeded when it returns.
    Value,
    /// A future: the work has not even begun when it returns.
    Future,
    /// The function never returns.
    Never,
}

impl Returns {
    pub(crate) fn of(output: &ReturnType) -> Self {
        match output {
            ReturnType::Default => Returns::Value,
            ReturnType::Type(_, kind) => Returns::of_type(kind),
        }
    }

    fn of_type(kind: &Type) -> Self {
        match kind {
            Type::Group(group) => Returns::of_type(&group.elem),
            Type::Paren(paren) => Returns::of_type(&paren.elem),
            Type::Never(_) => Returns::Never,
            Type::ImplTrait(opaque) if any_future(&opaque.bounds) => Returns::Future,
            Type::Path(path) => Returns::of_path(&path.path),
            _ => Returns::Value,
        }
    }

    fn of_path(path: &Path) -> Self {
        let Some(last) = path.segments.last() else { return Returns::Value };
        if last.ident == "Result" {
            return Returns::Result;
        }
        let boxed_future = last.ident == "BoxFuture"
            || (last.ident == "Pin" && type_arguments(&last.arguments).any(is_boxed_future));
        if boxed_future { Returns::Future } else { Returns::Value }
    }
}

/// The type that the compiler shall expect of the body: what the signature says, with a blank for
/// every `impl Trait`, which may not be written inside a function.
pub(crate) fn expected(output: &ReturnType) -> Type {
    struct Blank;
    impl VisitMut for Blank {
        fn visit_type_mut(&mut self, kind: &mut Type) {
            if let Type::ImplTrait(TypeImplTrait { impl_token, .. }) = kind {
                *kind = Type::Infer(TypeInfer { underscore_token: Token![_](impl_token.span) });
            } else {
                visit_type_mut(self, kind);
            }
        }
    }
    match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, kind) => {
            let mut kind = (**kind).clone();
            Blank.visit_type_mut(&mut kind);
            kind
        }
    }
}

fn is_boxed_future(kind: &Type) -> bool {
    let Type::Path(path) = kind else { return false };
    path.path.segments.last().is_some_and(|last| {
        last.ident == "Box"
            && type_arguments(&last.arguments)
                .any(|inner| matches!(inner, Type::TraitObject(object) if any_future(&object.bounds)))
    })
}

fn any_future<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> bool {
    bounds.into_iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|last| last.ident == "Future"))
    })
}

fn type_arguments(arguments: &PathArguments) -> impl Iterator<Item = &Type> {
    let arguments = match arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    })
}
