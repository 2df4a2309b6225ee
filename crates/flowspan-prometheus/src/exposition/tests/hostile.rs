//! Whatever the program calls its metrics.

use super::{program::*, *};

fn any_text() -> impl Strategy<Value = String> + Clone {
    // Short ones from a small set, too, so that names collide.
    prop_oneof![
        vec(any::<char>(), 0..6).prop_map(String::from_iter),
        vec(prop::sample::select(vec!['a', '_', ':', '.', '0', 'é', '"', '\\', '\n']), 0..3)
            .prop_map(String::from_iter),
        prop::sample::select(vec!["le", "a_sum", "a_count", "quantile", "__name__", "target_info", "x"])
            .prop_map(str::to_owned),
    ]
}

fn series(families: &[strict::Family]) -> usize {
    families.iter().map(|family| family.series.len()).sum()
}

/// A series of the document in the form of the strict reader.
fn read(series: &serde_json::Value) -> (BTreeMap<String, String>, strict::Value) {
    let number = |value: &serde_json::Value| match value {
        serde_json::Value::String(word) => word.parse().expect("a word for a number"),
        value => value.as_f64().expect("a number"),
    };
    let labels = series["labels"].as_object().expect("an object").iter();
    let labels = labels.map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()));
    let value = match series.get("value") {
        Some(value) => strict::Value::Number(number(value)),
        None => strict::Value::Histogram {
            buckets: series["buckets"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|bucket| {
                    let le = match &bucket["le"] {
                        serde_json::Value::String(word) => word.clone(),
                        le => number(le).to_string(),
                    };
                    (le, number(&bucket["count"]))
                })
                .collect(),
            sum: number(&series["sum"]),
            count: number(&series["count"]),
        },
    };
    (labels.collect(), value)
}

proptest! {
    #[test]
    fn the_exposition_is_valid_and_every_series_is_in_it_or_counted(
        program in vec(any_metric(any_kind(), any_text(), any_text(), any_text()), 0..8),
        resource in vec((any_text(), any_text()), 0..3),
    ) {
        let reader = Reader::new();
        let attributes = resource.into_iter().map(|(key, value)| KeyValue::new(key, value));
        let provider = SdkMeterProvider::builder()
            .with_resource(Resource::builder_empty().with_attributes(attributes).build())
            .with_reader(reader.clone())
            .with_view(view(&program))
            .build();
        run(&program, &provider);
        let mut metrics = ResourceMetrics::default();
        reader.collect(&mut metrics).expect("the provider lives");

        let mut text = Vec::new();
        let found = write_text(&metrics, &mut text);
        let text = String::from_utf8(text).expect("it is text");
        let families = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let given: u64 = metrics.scope_metrics().flat_map(|scope| scope.metrics()).map(samples::count).sum();
        let given = given + u64::from(!metrics.resource().is_empty());
        prop_assert_eq!(series(&families) as u64 + found.dropped, given);

        // The document tells the same as the text.
        let mut json = Vec::new();
        prop_assert_eq!(write_json(&metrics, &mut json), found);
        let document: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
        let told = document["metrics"].as_array().expect("a list").iter().map(|metric| strict::Family {
            name: metric["name"].as_str().expect("a name").to_owned(),
            kind: metric["type"].as_str().expect("a type").to_owned(),
            help: metric["help"].as_str().expect("a text").replace(['\r', '\0'], " "),
            series: metric["series"].as_array().expect("a list").iter().map(read).collect(),
        });
        let told: Vec<_> = told.collect();
        prop_assert_eq!(format!("{told:#?}"), format!("{families:#?}"));
    }

    #[test]
    fn label_values_and_help_come_back_as_they_went_in(
        value in vec(any::<char>(), 0..20).prop_map(String::from_iter),
    ) {
        let (text, found) = exposed(|provider| {
            let counter = provider.meter("a").u64_counter("x").with_description(value.clone()).build();
            counter.add(1, &[KeyValue::new("label", value.clone())]);
        });
        let families = parse(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(found, Findings::default());
        let (labels, _) = families[0].series.first_key_value().expect("one series");
        prop_assert_eq!(labels.get("label"), Some(&value));
        prop_assert_eq!(&families[0].help, &value.replace(['\r', '\0'], " "));
    }
}
