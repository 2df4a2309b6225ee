use flowspan_api::step;

#[step]
fn soon() -> impl Future<Output = u32> {
    async { 1 }
}

fn main() {}
