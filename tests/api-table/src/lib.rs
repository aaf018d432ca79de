//! Behaviours of the Kubernetes API that hookbox relies on, as a table.
//!
//! Each row is a small program that uses an API server through a [`kube::Client`] in a namespace of its own. The same
//! rows run against the embedded cluster and against a real kube-apiserver with etcd, so that the one cannot drift from
//! the other. A row that fails says what it saw.
//!
//! A row makes its own objects, in its own namespace, and cluster-scoped ones only with names that begin with the name of
//! the namespace. It may not assume that the namespace is empty: a real cluster's controllers put a ServiceAccount and a
//! ConfigMap there. What controllers do, it awaits.

// Rows are tests, and a missing field of a JSON answer reads as null.
#![allow(clippy::indexing_slicing)]

mod access;
mod apply;
mod conflicts;
mod create;
mod definitions;
mod delete;
mod discovery;
mod forms;
mod http;
mod list;
mod patch;
mod rules;
mod status;
mod watch;

use anyhow::Result;
use futures::future::BoxFuture;
use kube::Client;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// What holds, in a few words; unique.
    pub name: &'static str,
    /// Shows that it holds, in an existing namespace.
    pub run: fn(Client, String) -> BoxFuture<'static, Result<()>>,
}

impl std::fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! rows {
    ($($module:ident: $($row:ident)*;)*) => {
        vec![$($(Behaviour {
            name: concat!(stringify!($module), "::", stringify!($row)),
            run: |client, namespace| Box::pin($module::$row(crate::http::Http::new(client, namespace))),
        },)*)*]
    };
}

/// All rows.
#[must_use]
pub fn behaviours() -> Vec<Behaviour> {
    rows! {
        create:
            object_gets_its_metadata
            names_are_generated
            name_is_required
            second_of_the_same_name_is_refused
            missing_namespace_is_told
            other_namespace_in_the_body_is_refused
            unknown_fields_are_dropped_with_a_warning
            unknown_fields_are_refused_when_strict
            wrong_types_are_refused_in_words
            other_kind_is_refused
            broken_json_is_refused
            resource_version_may_not_be_set
            dry_run_keeps_nothing
            empty_maps_vanish;
        conflicts:
            stale_version_is_refused
            update_without_version_wins
            update_needs_the_right_uid
            update_of_a_missing_object_is_told
            update_of_the_same_is_no_write
            update_keeps_what_the_server_sets
            name_must_match_the_url
            lease_needs_a_version
            role_is_created_by_an_update;
        list:
            pages_are_consistent
            remaining_items_are_counted_without_selectors
            label_selectors_select
            field_selectors_select
            field_selectors_of_kinds_select
            unknown_field_selectors_are_refused
            broken_label_selectors_are_refused
            exact_version_is_a_snapshot
            version_match_is_checked
            broken_continue_tokens_are_refused
            items_of_typed_lists_have_no_kind
            all_namespaces_are_listed;
        watch:
            goes_on_from_a_version
            without_a_version_begins_with_what_is_there
            initial_events_end_with_a_bookmark
            initial_events_need_a_version_match
            leaving_a_selector_is_deletion
            deletion_has_its_own_version
            field_selectors_follow_changes
            one_name_is_watched
            ends_at_its_timeout
            shows_metadata_only;
        patch:
            merge_patch_merges
            merge_patch_checks_the_version
            json_patch_applies_in_order
            json_patch_that_fails_changes_nothing
            strategic_patch_merges_lists_by_key
            strategic_patch_is_not_for_custom_resources
            unknown_languages_are_refused
            patch_cannot_rename
            patch_of_nothing_is_no_write
            broken_patches_are_refused;
        apply:
            creates_and_owns
            needs_a_manager
            conflicts_are_told
            force_takes_over
            dropped_fields_are_removed
            lists_merge_by_key
            shared_fields_stay
            managed_fields_may_not_be_given
            plain_writes_are_noted;
        status:
            main_update_leaves_the_status
            status_update_leaves_the_spec
            generation_counts_changes_of_the_spec
            custom_status_is_apart
            scale_sets_replicas;
        delete:
            answers_with_a_status
            missing_object_is_told
            preconditions_are_checked
            finalizers_hold_an_object
            no_finalizers_may_be_added_to_a_deleted_object
            background_deletion_takes_dependents
            foreground_deletion_waits_for_dependents
            orphans_stay
            objects_of_missing_owners_go
            one_owner_is_enough
            collections_are_deleted
            namespaces_take_their_content
            pods_on_nodes_get_a_grace_period
            unknown_policy_is_refused;
        rules:
            config_map_keys_are_checked
            labels_and_owners_are_checked
            secrets_encode_their_strings
            immutable_data_stays
            secret_type_stays
            namespaces_are_labelled
            namespace_names_are_labels
            selectors_match_templates
            base64_is_checked;
        definitions:
            definition_adds_a_kind
            unknown_fields_are_pruned
            defaults_are_set
            values_are_validated
            versions_are_converted_by_name
            definition_takes_its_objects
            resource_needs_a_version_for_updates
            definitions_are_checked
            selectable_fields_select;
        discovery:
            core_resources
            groups
            aggregated
            version
            unknown_paths_are_told
            methods_are_checked;
        access:
            impersonated_users_need_roles
            service_accounts_act_in_their_namespace
            reviews_answer
            roles_name_objects
            who_am_i;
        forms:
            tables_have_rows
            metadata_alone
            watches_of_metadata_alone
            events_of_both_groups_are_the_same;
    }
}
