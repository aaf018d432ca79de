// A hook in Zig: the header of the SDK is Zig's, too.
const h = @cImport(@cInclude("hookbox.h"));

fn greet(_: [*c]const h.hookbox_input) callconv(.c) h.hookbox_error {
    var entries = h.hookbox_snapshot_each(h.hookbox_snapshot_of("names"));
    var entry: h.hookbox_entry = undefined;
    var count: i64 = 0;
    while (h.hookbox_snapshot_next(&entries, &entry)) count += 1;
    const text = h.hookbox_text("%lld from Zig", count);
    const data = [_]h.hookbox_pair{ .{ .name = "text", .value = text }, .{ .name = null, .value = null } };
    return h.hookbox_create_or_update(h.hookbox_config_map("default", "greetings", &data));
}

const greeter = h.hookbox_hook{
    .name = "greet",
    .config_text =
    \\configVersion: v1
    \\kubernetes:
    \\- {name: names, apiVersion: v1, kind: ConfigMap, includeSnapshotsFrom: [names]}
    ,
    .run = greet,
};

export const hookbox_hooks = [_:null]?*const h.hookbox_hook{&greeter};
