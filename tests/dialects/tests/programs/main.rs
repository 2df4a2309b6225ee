//! Programs on the real crates, with two added lines each: telemetry is made, and its end is waited for.
//! Each program runs once with each engine.

mod genai_program;
mod langchain_program;
mod openinference_program;
mod rig_program;
mod swiftide_program;

/// Every claim holds with both engines.
#[macro_export]
macro_rules! with_both_engines {
    ($($claim:ident;)+) => {
        mod native {
            $(#[tokio::test] async fn $claim() { super::$claim(flowspan::Engine::Native).await; })+
        }
        mod compatible {
            $(#[tokio::test] async fn $claim() { super::$claim(flowspan::Engine::TracingOpenTelemetry).await; })+
        }
    };
}
