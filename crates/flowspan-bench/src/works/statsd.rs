//! StatsD lines with two tags, to a socket of this machine.

use std::{net::UdpSocket, sync::Arc, time::Duration};

use cadence::{BufferedUdpMetricSink, QueuingMetricSink, StatsdClient, prelude::*};
use flowspan_model::{Measurement, MetricSink, Series, catalog::Instrument};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use flowspan_statsd::{DEFAULT_DATAGRAM_SIZE, Dialect, Statsd, StatsdSink};

use super::{Contender, Contenders, Work};

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const SENT: Work = Work {
    name: "StatsD line, written and sent",
    goal: "no dearer than cadence alone",
    times: 4_000,
    // Another thread does most of it.
    is_counted: false,
    contenders: || {
        vec![("flowspan", Box::new(Sent(Ours::new()))), ("cadence, buffered", Box::new(Cadence::buffered()))]
    },
};

pub(super) const OFFERED: Work = Work {
    name: "StatsD line, what the caller pays",
    goal: "at most a quarter of cadence",
    // Less than a batch: the thread that sends sleeps meanwhile.
    times: 800,
    is_counted: true,
    contenders: || -> Contenders {
        vec![
            ("flowspan", Box::new(Ours::new())),
            ("cadence, buffered", Box::new(Cadence::buffered())),
            ("cadence, queued and buffered", Box::new(Cadence::queued())),
        ]
    },
};

/// Takes what fits and drops the rest, for everybody alike.
fn server() -> (UdpSocket, String) {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = server.local_addr().expect("it is bound").to_string();
    (server, address)
}

/// The sink as the recorder calls it, with a series that it knows.
struct Ours {
    sink: StatsdSink,
    series: Arc<Series>,
    _worker: Worker,
    _server: UdpSocket,
}

impl Ours {
    fn new() -> Self {
        let (server, address) = server();
        let worker = Worker::start().expect("a thread");
        let statsd = Statsd::to(address)
            .dialect(Dialect::DogStatsD)
            .resolve(&Environment::empty())
            .expect("the settings are good");
        let sink = StatsdSink::start(statsd, &worker.handle(), &Health::new(Reporter::silent()));
        let labels = [("status".into(), "success".into()), ("step_type".into(), "shell".into())];
        let series = Series::new("flowspan.step.executions", Instrument::Counter, "{execution}", labels);
        Ours { sink, series: Arc::new(series), _worker: worker, _server: server }
    }
}

impl Contender for Ours {
    fn round(&mut self, times: u64) {
        for _ in 0..times {
            self.sink.measurement(&Measurement::new(Arc::clone(&self.series), 1.0));
        }
    }

    fn settle(&mut self) {
        self.sink.pipeline().flush(PATIENCE).expect("nothing is lost");
    }
}

/// Ours, timed until the last line is in the socket.
struct Sent(Ours);

impl Contender for Sent {
    fn round(&mut self, times: u64) {
        self.0.round(times);
        self.0.settle();
    }
}

/// As its documentation shows it, with datagrams of our size.
struct Cadence {
    client: StatsdClient,
    _server: UdpSocket,
}

impl Cadence {
    /// The caller's thread writes and sends.
    fn buffered() -> Self {
        let (server, sink) = Cadence::sink();
        Cadence { client: StatsdClient::from_sink("flowspan", sink), _server: server }
    }

    /// The caller's thread writes, another one sends.
    fn queued() -> Self {
        let (server, sink) = Cadence::sink();
        Cadence {
            client: StatsdClient::from_sink("flowspan", QueuingMetricSink::from(sink)),
            _server: server,
        }
    }

    fn sink() -> (UdpSocket, BufferedUdpMetricSink) {
        let (server, address) = server();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let sink = BufferedUdpMetricSink::with_capacity(address, socket, DEFAULT_DATAGRAM_SIZE);
        (server, sink.expect("an address"))
    }
}

impl Contender for Cadence {
    fn round(&mut self, times: u64) {
        for _ in 0..times {
            self.client
                .count_with_tags("step.executions", 1)
                .with_tag("status", "success")
                .with_tag("step_type", "shell")
                .send();
        }
    }

    fn settle(&mut self) {
        self.client.flush().expect("the socket is there");
    }
}
