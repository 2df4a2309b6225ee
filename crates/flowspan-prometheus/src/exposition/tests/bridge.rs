//! The bridge of the OpenTelemetry project tells the same.

use super::{program::*, *};

/// Names as the SDK's rules allow them, and texts of all kinds. The bridge writes invalid text for two
/// metrics or two series that become one, so a number keeps them apart; and for keys with a colon or a
/// digit in front.
fn any_program() -> impl Strategy<Value = Program> {
    let key = prop::sample::select(vec!["a", "a.b", "a_b", "gen_ai.token.type", "größe", "x-y", "B"]);
    let text = vec(any::<char>(), 0..8).prop_map(|text| String::from_iter(text).replace(['\r', '\0'], " "));
    let metric = any_metric(any_kind(), "[a-zA-Z][a-zA-Z0-9_./-]{0,8}", key.prop_map(str::to_owned), text);
    vec(metric, 0..6).prop_map(|mut program| {
        for (index, metric) in program.iter_mut().enumerate() {
            metric.name = format!("m{index}.{}", metric.name);
            for (index, (attributes, number)) in metric.series.iter_mut().enumerate() {
                attributes.sort_by(|left, right| left.key.cmp(&right.key));
                attributes.dedup_by(|left, right| left.key == right.key);
                attributes.reverse();
                attributes.push(KeyValue::new("series", i64::try_from(index).expect("it is small")));
                // An overflow of the sum is no news.
                *number %= 1e300;
            }
        }
        program
    })
}

proptest! {
    #[test]
    fn the_bridge_tells_the_same(program in any_program(), name in vec(any::<char>(), 0..8)) {
        let registry = prometheus::Registry::new();
        let bridge = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
            .expect("a fresh registry");
        let reader = Reader::new();
        let provider = SdkMeterProvider::builder()
            .with_resource(Resource::builder().with_service_name(String::from_iter(name)).build())
            .with_reader(bridge)
            .with_reader(reader.clone())
            .with_view(view(&program))
            .build();
        run(&program, &provider);

        let mut ours = Vec::new();
        reader.write_text(&mut ours).expect("the provider lives");
        let ours = String::from_utf8(ours).expect("it is text");
        let theirs =
            prometheus::TextEncoder::new().encode_to_string(&registry.gather()).expect("it can be written");
        let families = parse(&ours).map_err(|error| TestCaseError::fail(format!("{error}\n{ours}")))?;
        let expected = parse(&theirs).map_err(|error| TestCaseError::fail(format!("{error}\n{theirs}")))?;
        prop_assert!(families.iter().any(|family| family.name == "target_info"));
        // As text, because NaN equals nothing.
        prop_assert_eq!(format!("{families:#?}"), format!("{expected:#?}"));
    }
}
