//! What every running part can do, written once.

/// Gives a part that has the field `process` its common methods.
macro_rules! life {
    ($part:ty) => {
        impl $part {
            /// Asks the part to end and waits for that; it can be restarted.
            pub fn stop(&mut self) {
                self.process.stop();
            }

            /// Kills the part with no time to tidy up, as a crash would.
            pub fn kill(&mut self) {
                self.process.kill();
            }

            /// Starts the part again on its old ports, with the files it left,
            /// and waits until it is ready.
            ///
            /// # Errors
            ///
            /// [`StackError`](crate::StackError) when it does not become ready.
            pub fn restart(&mut self) -> Result<(), crate::StackError> {
                self.process.restart()
            }

            /// Whether the part runs.
            pub fn is_running(&mut self) -> bool {
                self.process.is_running()
            }

            /// The file that takes all the part prints.
            #[must_use]
            pub fn log_path(&self) -> std::path::PathBuf {
                self.process.home().log()
            }
        }
    };
}

pub(crate) use life;
