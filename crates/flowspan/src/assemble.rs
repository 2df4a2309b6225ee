//! From a builder to running telemetry, without touching a global.

use std::sync::{Arc, Mutex};

use flowspan_layer::{Accounting, ContentNames, Normalizer, Overheard, Spans};
use flowspan_metrics::{Recorder, Schema};
use flowspan_runtime::{Environment, Health, Worker, boolean};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::{
    logs::SdkLoggerProvider,
    metrics::SdkMeterProvider,
    trace::{Sampler, SdkTracerProvider, SpanProcessor},
};

use crate::{
    BuildError, Builder, ConfigFile, Signal, Telemetry, capture, limits, notices,
    observed::Observed,
    operation_details,
    outputs::{self, Assembly, Book},
    prices, process_metrics, propagation, resource, sampler, self_metrics, semconv,
    switches::Switches,
    telemetry::{Parts, SCOPE},
    terminal::Terminal,
};

/// Builds everything that a builder asks for, without touching a global.
pub(crate) fn build(builder: Builder) -> Result<Telemetry, BuildError> {
    let environment = builder.environment.clone().unwrap_or_else(Environment::process);
    let environment = match ConfigFile::find(builder.config_file.as_deref(), &environment)? {
        Some(file) => file.beneath(environment),
        None => environment,
    };
    assemble(builder, &environment).map_err(|error| error.explained(&environment))
}

fn assemble(builder: Builder, environment: &Environment) -> Result<Telemetry, BuildError> {
    let variable_disables =
        environment.parse("OTEL_SDK_DISABLED", "`true` or `false`", boolean)?.unwrap_or(false);
    let terminal = Terminal::new(&builder, environment)?;
    if builder.disabled || variable_disables {
        return Ok(Telemetry::new(None, terminal.without_telemetry()));
    }
    let semconv = match builder.semconv {
        Some(semconv) => semconv,
        None => semconv::from_environment(environment)?,
    };
    let schema = Schema::in_semconv(semconv, builder.naming.settle(environment)?, builder.label_policies)?;

    let service = (!(builder.choice.standard && environment.get("OTEL_SERVICE_NAME").is_some()))
        .then_some(builder.service.as_str());
    let resource = resource::resource(service, &builder.resource, environment)?;
    let sampler: Sampler = match builder.sampler {
        Some(sampler) => sampler,
        None => sampler::from_environment(environment)?,
    };
    let limits = limits::from_environment(environment)?;
    let (content, carrier) = builder.content.resolve(environment)?;
    let propagator = propagation::from_environment(environment)?;
    let accounting = Accounting::new(prices::resolve(builder.prices, environment)?);
    let caller = builder.caller.context(&propagator, environment);
    let mut outputs = builder.outputs;
    let given: Vec<_> = outputs.iter().filter_map(|output| output.way()).collect();
    let chosen = outputs::choose(&builder.choice, &given, environment)?;
    outputs.extend(chosen.outputs);
    let standard_tree = chosen.console_tree.then(Terminal::tree).flatten();

    let worker = Worker::start()?;
    let health = Health::new(builder.reporter);
    let book = Book::default();
    let switches = Switches::default();
    let mut assembly = Assembly {
        environment,
        worker: &worker.handle(),
        resource: &resource,
        health: &health,
        switches: &switches,
        span_sinks: Vec::new(),
        meter_provider: SdkMeterProvider::builder().with_resource(resource.clone()).with_view(schema.view()),
        logger_provider: SdkLoggerProvider::builder().with_resource(resource.clone()),
        logs_wanted: false,
        event_sinks: Vec::new(),
        metric_sinks: Vec::new(),
        drains: Vec::new(),
        book: &book,
        servers: Vec::new(),
        metrics_address: None,
        #[cfg(feature = "session")]
        session: None,
        at_last: Vec::new(),
    };
    for output in outputs {
        output.start(&mut assembly)?;
    }
    for finish in std::mem::take(&mut assembly.at_last) {
        finish(&mut assembly)?;
    }
    let Assembly {
        span_sinks,
        meter_provider,
        logger_provider,
        logs_wanted,
        event_sinks,
        metric_sinks,
        drains,
        servers,
        metrics_address,
        ..
    } = assembly;

    let is_taken = |signal| match signal {
        Signal::Logs => logs_wanted,
        signal => signal == Signal::Spans && !span_sinks.is_empty(),
    };
    if let Some(report) = capture::untaken(content.content(), carrier, is_taken) {
        let health = health.clone();
        worker.handle().spawn(async move { health.tell(&report) });
    }
    let logger_provider = logs_wanted.then(|| logger_provider.build());
    let span_sinks = span_sinks.into_iter().map(|sink| switches.gate(sink)).collect();
    let names = builder.dialects.iter().fold(ContentNames::default(), |names, dialect| names.with(dialect));
    let span_sinks =
        operation_details::carry(carrier, &names, logger_provider.as_ref(), &switches, span_sinks);
    let mut normalizer =
        Normalizer::of_sinks(span_sinks).semconv(semconv).max_links(limits.max_links_per_span);
    normalizer.set_resource(&resource);
    let meter_provider = meter_provider.build();
    let meter = meter_provider.meter(SCOPE);
    let trees = terminal.chosen_tree().or(standard_tree);
    let recorder = Recorder::builder(&schema).on_notice(notices::tell(&health, &worker.handle()));
    let recorder = event_sinks
        .into_iter()
        .chain(trees.map(|tree| ("console".to_owned(), tree)))
        .fold(recorder, |recorder, (name, sink)| recorder.event_sink(name, sink));
    let recorder =
        metric_sinks.into_iter().fold(recorder, |recorder, (name, sink)| recorder.metric_sink(name, sink));
    let recorder = Arc::new(recorder.build(&meter));
    let overheard = Overheard::new(normalizer.clone(), Arc::<Recorder>::clone(&recorder), SCOPE);
    let content = Arc::new(capture::watched(content, &health, &worker.handle()));
    capture::watch(&health, &content);
    let overheard = overheard.with_content(Arc::clone(&content));
    let overheard = overheard.with_accounting(accounting.clone());
    let overheard = builder.dialects.iter().cloned().fold(overheard, Overheard::with_dialect);
    let tracer_provider = SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_sampler(sampler.clone())
        .with_span_limits(limits)
        .with_span_processor(overheard)
        .build();
    notices::watch_labels(&health, &recorder);
    notices::watch_prices(&health, &accounting);
    book.enter(drains);
    let observed = Observed { meter: &meter, schema: &schema };
    let spans = Spans::new(normalizer.clone()).sampler(sampler).limits(limits);
    self_metrics::observe(&observed, &book, &recorder, spans.unheard());
    self_metrics::observe_content(&observed, &content);
    self_metrics::observe_accounting(&observed, &accounting);
    process_metrics::observe(&observed);

    let parts = Parts {
        worker,
        tracer_provider,
        engine: builder.engine,
        dialects: builder.dialects,
        content,
        spans,
        accounting,
        normalizer,
        meter_provider,
        logger_provider,
        propagator: Mutex::new(Some(propagator)),
        caller,
        recorder,
        switches,
        totals: builder.totals,
        book,
        servers: Mutex::new(servers),
        health,
        level: builder.level,
        metrics_address,
    };
    let dispatch = terminal.with_telemetry(parts.layer());
    Ok(Telemetry::new(Some(parts), dispatch))
}
