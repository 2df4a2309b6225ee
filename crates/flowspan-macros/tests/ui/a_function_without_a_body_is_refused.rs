use flowspan_api::tool;

trait Search {
    #[tool]
    fn search(&self) -> usize;
}

fn main() {}
