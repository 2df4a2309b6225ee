//! Jobs, items and what binds them.

mod support;

use std::io;

use flowspan_api::MapReduce;
use support::Recording;

#[tokio::test]
async fn a_spawned_item_belongs_to_its_job() {
    let (heard, _guard) = Recording::start();
    MapReduce::new("files", 2)
        .run_with(|job| async move {
            let tasks: Vec<_> = ["a.rs", "b.rs"]
                .map(|file| tokio::spawn(job.item(file).run(async { Ok::<_, io::Error>(()) })))
                .into();
            for task in tasks {
                task.await.expect("no panic")?;
            }
            job.reduce().run(async { Ok::<_, io::Error>(()) }).await
        })
        .await
        .expect("it works");
    let items: Vec<_> = heard.spans().into_iter().filter(|span| span.name == "map_item").collect();
    assert_eq!(items.len(), 2);
    for (item, id) in items.iter().zip(["a.rs", "b.rs"]) {
        assert_eq!(item.parent, Some("map_reduce"));
        assert_eq!(item.get("flowspan.map_reduce.item.id"), Some(id));
        assert_eq!(item.status(), Some("success"));
    }
    assert_eq!(heard.span("reduce").parent, Some("map_reduce"));
    assert_eq!(heard.span("map_reduce").get("flowspan.map_reduce.items"), Some("2"));
    assert_eq!(heard.order().last().map(String::as_str), Some("close map_reduce"));
}

#[tokio::test]
async fn an_item_that_goes_to_the_dead_letter_queue_says_so_itself() {
    let (heard, _guard) = Recording::start();
    let job = MapReduce::new("files", 1);
    let item = job.item("broken.bin").attempt(3);
    item.dead_letter("not UTF-8");
    item.run(async { Err::<(), _>(io::Error::from(io::ErrorKind::InvalidData)) })
        .await
        .expect_err("it fails");
    let span = heard.span("map_item");
    assert_eq!(span.get("flowspan.map_reduce.item.outcome"), Some("dlq"));
    assert_eq!(span.get("flowspan.attempt"), Some("3"));
    assert_eq!(span.status(), Some("failed"));
    let events = heard.events();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].name, events[0].parent), ("dead_letter_added", Some("map_item")));
    assert_eq!(events[0].get("flowspan.reason"), Some("not UTF-8"));
}

#[test]
fn a_reduction_links_to_the_items_it_follows() {
    let (heard, _guard) = Recording::start();
    let job = MapReduce::new("files", 1);
    let item = job.item("a.rs");
    let reduce = job.reduce();
    reduce.follows(item.span());
    assert_eq!(heard.span("reduce").follows, ["map_item"]);
}
