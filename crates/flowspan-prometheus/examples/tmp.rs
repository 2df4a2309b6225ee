//! tmp
use flowspan_prometheus::Prometheus;
use flowspan_runtime::{Environment, Health, Worker};
use opentelemetry::{KeyValue, metrics::MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
fn main() {
    let worker = Worker::start().unwrap();
    let (endpoint, reader) = Prometheus::on(([127, 0, 0, 1], 0)).bind(&Environment::empty()).unwrap();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let server = endpoint.serve(&worker.handle(), &Health::default(), Vec::new).unwrap();
    let m = provider.meter("t");
    let keys = ["", "le", "1x", "__name__", "a:b", "é", "a b", "a.b", "quantile"];
    let labels: Vec<_> = keys.iter().map(|k| KeyValue::new(*k, "v\n\"\\\r\0é")).collect();
    m.u64_counter("x.y").with_description("He\nlp \\ \r \0 é").build().add(1, &labels);
    m.u64_counter("x_y").with_description("Help").build().add(1, &labels);
    m.f64_histogram("h").with_unit("s").with_description("Help").build().record(f64::MAX, &labels);
    m.f64_gauge("h_seconds_count").with_description("Help").build().record(f64::NAN, &labels);
    m.f64_gauge("gauge").with_description("Help").build().record(f64::NEG_INFINITY, &labels);
    eprintln!("http://{}/metrics", server.address());
    std::thread::park();
}
