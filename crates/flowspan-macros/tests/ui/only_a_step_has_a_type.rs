use flowspan_api::workflow;

#[workflow(type = "shell")]
async fn audit() {}

fn main() {}
