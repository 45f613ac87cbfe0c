//! WebGPU's error scopes, which catch the errors of everything between two results.

use std::future::Future;
use std::pin::Pin;

/// Open error scopes, the outermost first; an error goes to the innermost that takes its kind.
pub(super) struct Scopes(Vec<wgpu::ErrorScopeGuard>);

impl Scopes {
    /// No scopes, in place of those that are being closed.
    pub(super) fn none() -> Self {
        Scopes(Vec::new())
    }

    pub(super) fn open(device: &wgpu::Device) -> Self {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        // Without room nothing that follows is valid: the scope for memory is asked first.
        let filters = [Validation, Internal, OutOfMemory];
        Scopes(filters.map(|filter| device.push_error_scope(filter)).into())
    }

    /// Closes them at once; the future says what they caught.
    pub(super) fn close(mut self) -> impl Future<Output = Option<wgpu::Error>> {
        let scopes = std::mem::take(&mut self.0);
        let found = scopes.into_iter().rev();
        let found: Vec<Pin<Box<dyn Future<Output = _>>>> = found
            .map(|scope| Box::pin(scope.pop()) as Pin<Box<dyn Future<Output = _>>>)
            .collect();
        async {
            let mut first = None;
            for found in found {
                let error = found.await;
                first = first.or(error);
            }
            first
        }
    }
}

impl Drop for Scopes {
    fn drop(&mut self) {
        // The innermost must close first.
        while let Some(scope) = self.0.pop() {
            drop(scope);
        }
    }
}
