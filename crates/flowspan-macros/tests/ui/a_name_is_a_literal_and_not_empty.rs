use flowspan_api::step;

const NAME: &str = "clone";

#[step(name = NAME)]
async fn from_a_constant() {}

#[step("")]
async fn empty() {}

#[step("clone", name = "clone")]
async fn twice() {}

fn main() {}
