//! A program that measures whatever it is told.

use super::*;

/// What an instrument counts in, and how.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    U64Counter,
    F64Counter,
    I64UpDownCounter,
    U64Gauge,
    F64Gauge,
    U64Histogram,
    F64Histogram,
    ExponentialHistogram,
}

/// One instrument with its measurements.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    pub(super) kind: Kind,
    /// What a view calls it.
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) help: String,
    pub(super) scope: &'static str,
    pub(super) series: Vec<(Vec<KeyValue>, f64)>,
}

/// Everything that the program measures.
pub(super) type Program = Vec<Metric>;

pub(super) fn any_metric(
    kind: impl Strategy<Value = Kind>,
    name: impl Strategy<Value = String>,
    key: impl Strategy<Value = String>,
    text: impl Strategy<Value = String> + Clone,
) -> impl Strategy<Value = Metric> {
    let value = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::I64),
        any::<f64>().prop_map(Value::F64),
        any::<bool>().prop_map(Value::Bool),
        vec(text.clone().prop_map(opentelemetry::StringValue::from), 0..3)
            .prop_map(|texts| Value::Array(texts.into())),
    ];
    let attribute = (key, value).prop_map(|(key, value)| KeyValue::new(key, value));
    let number = prop_oneof![Just(0.0), 0.0..100.0, any::<f64>(), Just(f64::NAN), Just(f64::INFINITY)];
    let unit = prop::sample::select(vec!["", "s", "By", "1", "{token}", "By/s", "{x}/min", "%", "no/unit"]);
    let scope = prop::sample::select(vec!["a", "b", "c"]);
    (kind, name, unit, text, scope, vec((vec(attribute, 0..5), number), 0..5)).prop_map(
        |(kind, name, unit, help, scope, series)| Metric {
            kind,
            name,
            unit: unit.to_owned(),
            help,
            scope,
            series,
        },
    )
}

pub(super) fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::U64Counter,
        Kind::F64Counter,
        Kind::I64UpDownCounter,
        Kind::U64Gauge,
        Kind::F64Gauge,
        Kind::U64Histogram,
        Kind::F64Histogram,
        Kind::ExponentialHistogram,
    ])
}

/// Calls the instruments, which are made under names of no interest, what the program calls them.
pub(super) fn view(program: &Program) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + use<> {
    let metrics = program.clone();
    move |instrument| {
        let index: usize = instrument.name().strip_prefix("i")?.parse().ok()?;
        let metric = metrics.get(index)?;
        let stream = Stream::builder().with_name(metric.name.clone());
        let stream = match metric.kind {
            Kind::ExponentialHistogram => stream.with_aggregation(Aggregation::Base2ExponentialHistogram {
                max_size: 10,
                max_scale: 5,
                record_min_max: true,
            }),
            _ => stream,
        };
        stream.build().ok()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "any number is as good as any other"
)]
pub(super) fn run(program: &Program, provider: &SdkMeterProvider) {
    for (index, metric) in program.iter().enumerate() {
        let meter = provider.meter(metric.scope);
        let (name, unit, help) = (format!("i{index}"), metric.unit.clone(), metric.help.clone());
        macro_rules! measure {
            ($instrument:ident, $act:ident, $number:ty) => {{
                let instrument = meter.$instrument(name).with_unit(unit).with_description(help).build();
                for (attributes, number) in &metric.series {
                    // Small integers: the SDK's sums of large ones overflow.
                    instrument.$act((*number as $number).into(), attributes);
                }
            }};
        }
        match metric.kind {
            Kind::U64Counter => measure!(u64_counter, add, u32),
            Kind::F64Counter => measure!(f64_counter, add, f64),
            Kind::I64UpDownCounter => measure!(i64_up_down_counter, add, i32),
            Kind::U64Gauge => measure!(u64_gauge, record, u32),
            Kind::F64Gauge => measure!(f64_gauge, record, f64),
            Kind::U64Histogram => measure!(u64_histogram, record, u32),
            Kind::F64Histogram | Kind::ExponentialHistogram => measure!(f64_histogram, record, f64),
        }
    }
}
