//! Lines that travel together.

/// Puts lines into datagrams of a size.
#[derive(Debug)]
pub(crate) struct Packer {
    size: usize,
    datagram: String,
    items: u64,
}

impl Packer {
    pub(crate) fn new(size: usize) -> Self {
        Packer { size, datagram: String::with_capacity(size), items: 0 }
    }

    /// Whether the lines of one more item have a place in this datagram. The first always have: what is
    /// longer than a datagram travels alone.
    pub(crate) fn has_room(&self, lines: &str) -> bool {
        self.items == 0 || self.datagram.len() + 1 + lines.len() <= self.size
    }

    pub(crate) fn add(&mut self, lines: &str) {
        if self.items > 0 {
            self.datagram.push('\n');
        }
        self.datagram.push_str(lines);
        self.items += 1;
    }

    /// The datagram, and how many items are in it.
    pub(crate) fn datagram(&self) -> (&[u8], u64) {
        (self.datagram.as_bytes(), self.items)
    }

    /// Begins the next datagram.
    pub(crate) fn clear(&mut self) {
        self.datagram.clear();
        self.items = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(size: usize, lines: &[String]) -> Vec<String> {
        let mut packer = Packer::new(size);
        let mut datagrams = Vec::new();
        for line in lines {
            if !packer.has_room(line) {
                datagrams.push(packer.datagram.clone());
                packer.clear();
            }
            packer.add(line);
        }
        datagrams.extend((packer.items > 0).then(|| packer.datagram.clone()));
        datagrams
    }

    #[test]
    fn a_datagram_is_filled_to_its_last_byte() {
        let lines = ["a:1|c", "b:1|c", "c:1|c"].map(str::to_owned);
        assert_eq!(packed(11, &lines), ["a:1|c\nb:1|c", "c:1|c"]);
        assert_eq!(packed(10, &lines).len(), 3);
        assert_eq!(packed(17, &lines).len(), 1);
    }

    proptest! {
        #[test]
        fn all_lines_arrive_in_order_and_only_one_that_is_too_long_breaks_the_size(
            lines in prop::collection::vec("[a-z]{1,40}", 0..60),
            size in 1_usize..100,
        ) {
            let datagrams = packed(size, &lines);
            for datagram in &datagrams {
                prop_assert!(datagram.len() <= size || !datagram.contains('\n'));
            }
            let arrived: Vec<_> = datagrams.iter().flat_map(|datagram| datagram.split('\n')).collect();
            prop_assert_eq!(arrived, lines);
        }
    }
}
