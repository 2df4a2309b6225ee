//! The names of providers.

/// Who is called what by whom: the convention's name, then the others that are in use.
const NAMES: &[(&str, &[&str])] = &[
    ("openai", &["openai", "open_ai", "openai_responses"]),
    ("anthropic", &["anthropic", "claude"]),
    (
        "azure.ai.openai",
        &["azure.ai.openai", "azure.openai", "azure_openai", "azureopenai", "azure", "az.ai.openai"],
    ),
    ("azure.ai.inference", &["azure.ai.inference", "az.ai.inference", "azure_ai_inference"]),
    ("gcp.gemini", &["gcp.gemini", "gemini", "google_genai"]),
    ("gcp.vertex_ai", &["gcp.vertex_ai", "vertex_ai", "vertexai", "vertex"]),
    ("gcp.gen_ai", &["gcp.gen_ai"]),
    ("aws.bedrock", &["aws.bedrock", "bedrock", "aws_bedrock", "amazon_bedrock"]),
    ("mistral_ai", &["mistral_ai", "mistral", "mistralai"]),
    ("x_ai", &["x_ai", "xai", "grok"]),
    ("moonshot_ai", &["moonshot_ai", "moonshot", "moonshotai", "kimi"]),
    ("ibm.watsonx.ai", &["ibm.watsonx.ai", "watsonx", "watson"]),
    ("cohere", &["cohere"]),
    ("deepseek", &["deepseek"]),
    ("groq", &["groq"]),
    ("perplexity", &["perplexity"]),
];

/// A provider as the convention calls it. One that it does not know keeps its name.
pub(super) fn standard(name: &str) -> &str {
    let names = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    NAMES.iter().find(|(_, others)| names(others)).map_or(name, |(standard, _)| standard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_one_name() {
        for (said, standard_name) in [
            ("xai", "x_ai"),
            ("x_ai", "x_ai"),
            ("mistral", "mistral_ai"),
            ("moonshot", "moonshot_ai"),
            ("azure.openai", "azure.ai.openai"),
            ("OpenAI", "openai"),
            ("acme", "acme"),
        ] {
            assert_eq!(standard(said), standard_name);
        }
    }

    #[test]
    fn no_name_belongs_to_two() {
        let all: Vec<_> = NAMES.iter().flat_map(|(_, others)| others.iter()).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
        assert!(NAMES.iter().all(|(standard, others)| others.contains(standard)));
    }
}
