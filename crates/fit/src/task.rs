//! Long work, cut into steps.

/// Work in steps of a millisecond or a few, so that a program can draw, report progress and stop
/// in between.
pub trait Task {
    /// Does the next step, if any is left.
    fn step(&mut self);

    /// Steps done, and steps in all.
    fn progress(&self) -> (usize, usize);

    /// Does all steps that are left.
    fn finish(mut self) -> Self
    where
        Self: Sized,
    {
        while self.progress().0 < self.progress().1 {
            self.step();
        }
        self
    }
}

/// One after the other.
impl<T: Task> Task for Vec<T> {
    fn step(&mut self) {
        let unfinished = |task: &&mut T| task.progress().0 < task.progress().1;
        if let Some(task) = self.iter_mut().find(unfinished) {
            task.step();
        }
    }

    fn progress(&self) -> (usize, usize) {
        let progress = self.iter().map(Task::progress);
        progress.fold((0, 0), |(done, all), (d, a)| (done + d, all + a))
    }
}
