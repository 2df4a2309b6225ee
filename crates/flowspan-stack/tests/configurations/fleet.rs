//! An agent and two gateways behind it, joined over TLS as on three machines.

use flowspan_stack::{AGENT_CONFIG, Collector, GATEWAY_CONFIG, free_port};

use crate::{Outcome, certificates::Certificates};

pub(crate) struct Fleet {
    // In the order in which they end: who sends before who receives.
    pub(crate) agent: Collector,
    pub(crate) gateways: Vec<Collector>,
    _certificates: Certificates,
}

impl Fleet {
    /// Sends traces to `back_end`, `host:port`.
    pub(crate) fn start(back_end: &str, environment: &[(&str, &str)]) -> Outcome<Self> {
        let certificates = Certificates::new()?;
        let doors = [free_port()?, free_port()?].map(|port| format!("127.0.0.1:{port}"));
        let peers = format!("{{static: {{hostnames: [\"{}\", \"{}\"]}}}}", doors[0], doors[1]);
        let with = |config: &str, more: &[(&str, &str)]| {
            let tls = certificates.environment();
            let tls = tls.iter().map(|(name, value)| (*name, value.as_str()));
            tls.chain(environment.iter().copied())
                .chain(more.iter().copied())
                .fold(Collector::builder().config(config), |builder, (name, value)| builder.env(name, value))
                .env("COLLECTOR_RETRY_MAX", "2s")
        };
        let gateways = doors
            .iter()
            .map(|door| {
                let settings = [
                    ("COLLECTOR_PEERS", peers.as_str()),
                    ("COLLECTOR_PEER_GRPC", door),
                    ("COLLECTOR_JAEGER_OTLP", back_end),
                    ("COLLECTOR_JAEGER_INSECURE", "true"),
                    ("COLLECTOR_DECISION_WAIT_AFTER_ROOT", "1s"),
                    ("COLLECTOR_SPAN_METRICS_INTERVAL", "200ms"),
                ];
                with(GATEWAY_CONFIG, &settings).start()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let gateway = gateways[0].otlp_grpc_address();
        let agent = with(AGENT_CONFIG, &[("COLLECTOR_GATEWAY", &gateway)]).start()?;
        Ok(Self { agent, gateways, _certificates: certificates })
    }
}
