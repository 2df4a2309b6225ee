use flowspan_api::agent;

#[agent]
struct Researcher;

fn main() {}
