use flowspan_api::step;

#[step(label = "clone")]
async fn clone_repository() {}

fn main() {}
