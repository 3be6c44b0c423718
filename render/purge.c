#include "render/purge.h"

#include "render/json_scan.h"
#include "render/json_tree.h"

int render_read_purge(struct bytes json, struct drop *drop, struct error *error)
{
    json_t *root = json_scan_load_with_nul(json, error);
    int result = -1;

    if (root == NULL) {
        return -1;
    }
    const char *key = json_object_iter_key(json_object_iter(root));
    const json_t *value = json_object_iter_value(json_object_iter(root));
    int what = 0;
    while (key != NULL && what < DROP_WHATS && strcmp(key, drop_word((enum drop_what)what)) != 0) {
        what++;
    }
    if (json_object_size(root) != 1 || what == DROP_WHATS) {
        error_set(error, "not exactly one of {\"address\": …}, {\"domain\": …} and {\"all\": true}");
    } else if (what == DROP_ALL ? !json_is_true(value) : !json_is_string(value)) {
        error_set(error, "%s takes only %s", key, what == DROP_ALL ? "true" : "a string");
    } else {
        struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
        result = drop_parse((enum drop_what)what, text, drop, error);
    }
    json_decref(root);
    return result;
}

static void put_what(struct json_tree *tree, json_t *object, const struct drop *drop)
{
    const char *key = drop_word(drop->what);

    if (drop->what == DROP_ALL) {
        json_tree_put_bool(tree, object, key, true);
    } else {
        json_tree_put_text(tree, object, key, drop_text(drop));
    }
}

int render_purge(const struct drop *drop, struct buffer *out)
{
    struct json_tree tree;

    json_tree_init(&tree);
    put_what(&tree, tree.root, drop);
    return json_tree_end(&tree, out);
}

int render_purged(const struct drop *drop, size_t dropped, struct buffer *out)
{
    struct json_tree tree;

    json_tree_init(&tree);
    put_what(&tree, json_tree_put_object(&tree, tree.root, "purged"), drop);
    json_tree_put_number(&tree, tree.root, "dropped", (int64_t)dropped);
    return json_tree_end(&tree, out);
}

int render_read_purged(struct bytes json, int64_t *dropped, struct error *error)
{
    json_t *root = json_scan_load(json, error);
    int result = -1;

    if (root == NULL) {
        return -1;
    }
    const json_t *number = json_object_get(root, "dropped");
    if (!json_is_object(json_object_get(root, "purged")) || !json_is_integer(number)) {
        error_set(error, "it does not say what was purged");
    } else {
        *dropped = json_integer_value(number);
        result = 0;
    }
    json_decref(root);
    return result;
}
