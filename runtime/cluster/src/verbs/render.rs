//! Answers that show objects, in the form that was asked for.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::body::ResponseBody;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::request::{Accept, Call};
use crate::server::{Reply, Server};
use crate::store::Stored;
use crate::table;
use crate::tree::Tree;

/// Bytes that one piece of a list holds, roughly.
const PIECE: usize = 256 << 10;

/// An object whose metadata alone is shown.
pub(super) fn metadata_only(object: &Stored) -> Value {
    let mut value = object.value();
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value.cut("metadata")})
}

impl Server {
    /// One object.
    pub(super) async fn show(
        &self,
        call: &Call,
        status: u16,
        stored: &Arc<Stored>,
    ) -> Result<Reply, ApiError> {
        let object = self.view(&call.kind, stored).await?;
        Ok(match call.accept() {
            Accept::Table => Reply::value(
                status,
                &table::of(
                    &call.kind,
                    std::slice::from_ref(&object),
                    call.query.get("includeObject"),
                    json!({"resourceVersion": object.rev.to_string()}),
                    true,
                ),
            ),
            Accept::Metadata => Reply::value(status, &metadata_only(&object)),
            Accept::Json | Accept::Discovery => Reply::json(status, object.json()),
        })
    }

    /// A collection; `meta` is the list's metadata.
    pub(super) async fn show_list(
        &self,
        call: &Call,
        items: Vec<Arc<Stored>>,
        meta: &Value,
    ) -> Result<Reply, ApiError> {
        let kind = &call.kind;
        let items = self.views(kind, items).await?;
        Ok(match call.accept() {
            Accept::Table => Reply::value(
                200,
                &table::of(
                    kind,
                    &items,
                    call.query.get("includeObject"),
                    meta.clone(),
                    true,
                ),
            ),
            Accept::Metadata => {
                let items: Vec<Value> = items.iter().map(|object| metadata_only(object)).collect();
                Reply::value(
                    200,
                    &json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}),
                )
            }
            Accept::Json | Accept::Discovery => Reply::json(200, json_list(kind, &items, meta)),
        })
    }
}

/// Joins the bytes of the items; items of built-in lists say no kind and apiVersion, as the real server's do not.
fn json_list(kind: &Kind, items: &[Arc<Stored>], meta: &Value) -> ResponseBody {
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut piece: Vec<u8> = Vec::new();
    piece.extend_from_slice(
        format!(
            "{{\"kind\":{:?},\"apiVersion\":{:?},\"metadata\":{meta},\"items\":[",
            kind.list_kind,
            kind.api_version()
        )
        .as_bytes(),
    );
    for (index, object) in items.iter().enumerate() {
        if index > 0 {
            piece.push(b',');
        }
        if kind.custom.is_some() {
            piece.extend_from_slice(&object.json());
        } else {
            piece.push(b'{');
            piece.extend_from_slice(object.json_untyped());
        }
        if piece.len() >= PIECE {
            pieces.push(std::mem::take(&mut piece).into());
        }
    }
    piece.extend_from_slice(b"]}\n");
    pieces.push(piece.into());
    ResponseBody::pieces(pieces)
}
