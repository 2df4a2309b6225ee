use flowspan_api::step;

#[step]
unsafe fn read(pointer: *const u8) -> u8 {
    unsafe { *pointer }
}

fn main() {}
