//! `wasi:http` of one run.

use std::sync::{Arc, Mutex};

use http::uri::Scheme;
use http::{HeaderName, Request, header};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest,
};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, FieldMap, ForbiddenHeaderFilter, RequestOptions, WasiBody,
    WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::send::{Exchange, Io};
use crate::Grants;
use crate::log::Log;
use crate::outside::Outside;
use crate::state::State;

/// Bytes of the headers of one request or response that a guest makes.
pub(crate) const FIELDS: usize = 16 << 10;

/// What the host may hold for each of a guest's requests, responses and sets of headers, and for each request under way:
/// buffers of the connection and of TLS.
const HELD: u64 = FIELDS as u64;
pub(crate) const HELD_OPEN: u64 = 256 << 10;

/// Bytes that a guest may write to a request's body at once.
const CHUNK: usize = 64 << 10;

/// What the host holds of `wasi:http` for one run. Made at its first call.
pub(crate) struct HttpState {
    context: WasiHttpCtx,
    hooks: Hooks,
    /// Bytes that the run was charged for.
    charged: u64,
}

struct Hooks {
    grants: Arc<Grants>,
    outside: Arc<Outside>,
    log: Arc<Mutex<Log>>,
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.host_calls = self.host_calls.saturating_add(1);
        let charged = self.charge_http();
        let http = self.http.get_or_insert_with(|| {
            let mut context = WasiHttpCtx::new();
            context.set_field_size_limit(FIELDS);
            Box::new(HttpState {
                context,
                hooks: Hooks {
                    grants: Arc::clone(&self.input.grants),
                    outside: Arc::clone(&self.outside),
                    log: Arc::clone(&self.log),
                },
                charged: 0,
            })
        });
        http.charged = charged;
        WasiHttpCtxView {
            hooks: &mut http.hooks,
            table: &mut self.table,
            ctx: &mut http.context,
        }
    }
}

impl State {
    /// Bring the run's account up to what is held of its requests. A function of `wasi:http` cannot be refused here: a
    /// run that comes to its limit is stopped at the next tick, and until then the number of handles bounds it.
    fn charge_http(&mut self) -> u64 {
        let charged = self.http.as_ref().map_or(0, |http| http.charged);
        let things = self.table.iter_mut().filter(|thing| {
            thing.is::<FieldMap>()
                || thing.is::<HostOutgoingRequest>()
                || thing.is::<HostFutureIncomingResponse>()
                || thing.is::<HostIncomingResponse>()
        });
        let things = u64::try_from(things.count()).unwrap_or(u64::MAX);
        let held = things
            .saturating_mul(HELD)
            .saturating_add(self.outside.open().saturating_mul(HELD_OPEN));
        if held <= charged {
            self.memory.release(charged - held);
            return held;
        }
        match self.memory.charge(held - charged) {
            Ok(()) => held,
            Err(hit) => {
                self.outside.hit(hit);
                charged
            }
        }
    }
}

/// Headers that say how a message is framed or whom it is for: they are the host's.
pub(crate) fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || matches!(*name, header::TE | header::TRAILER | header::EXPECT)
}

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> ErrorCode {
        ErrorCode::HttpProtocolError
    }

    fn p2_error_from_connect(&mut self, error: &std::io::Error) -> ErrorCode {
        ErrorCode::InternalError(Some(format!("no connection: {error}")))
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        match Exchange::begin(&self.grants, &self.outside, &self.log, options) {
            Ok(Some(exchange)) => {
                let answer = exchange.send(request);
                Box::new(async move { answer.await.map_err(|failed| failed.error) })
            }
            Ok(None) | Err(_) => Box::new(std::future::ready(Err(Error::ConnectionLimitReached))),
        }
    }
}
