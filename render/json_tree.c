#include "render/json_tree.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "render/clean.h"

#define MAX_TEXT_BYTES (256 * 1024) /* of one string: base64 of MAX_VALUE_BYTES and more than any name needs */

void json_tree_init(struct json_tree *tree)
{
    tree->root = json_object();
    tree->failed = tree->root == NULL;
}

void json_tree_put(struct json_tree *tree, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new_nocheck(object, key, value) != 0) {
        tree->failed = true;
    }
}

void json_tree_add(struct json_tree *tree, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) {
        tree->failed = true;
    }
}

static json_t *string_of(const char *text)
{
    struct bytes bytes = bytes_of_string(text);
    if (text_is_utf8(bytes)) {
        return json_stringn_nocheck(text, bytes.size);
    }
    struct buffer clean;
    buffer_init(&clean, MAX_TEXT_BYTES);
    clean_append_utf8(&clean, bytes);
    json_t *string = json_stringn_nocheck(buffer_string(&clean), clean.size);
    buffer_free(&clean);
    return string;
}

static json_t *base64_of(const struct blob *blob)
{
    struct buffer text;
    buffer_init(&text, MAX_TEXT_BYTES);
    digest_append_base64(&text, blob_bytes(blob), 0);
    json_t *string = text.failed ? NULL : json_stringn_nocheck(buffer_string(&text), text.size);
    buffer_free(&text);
    return string;
}

void json_tree_put_text(struct json_tree *tree, json_t *object, const char *key, const char *text)
{
    json_tree_put(tree, object, key, string_of(text));
}

void json_tree_put_number(struct json_tree *tree, json_t *object, const char *key, int64_t number)
{
    json_tree_put(tree, object, key, json_integer(number));
}

void json_tree_put_bool(struct json_tree *tree, json_t *object, const char *key, bool value)
{
    json_tree_put(tree, object, key, json_boolean(value));
}

void json_tree_put_time(struct json_tree *tree, json_t *object, const char *key, int64_t wall_s)
{
    char text[TEXT_TIME_BYTES];
    if (wall_s != 0) {
        json_tree_put_text(tree, object, key, text_time(wall_s, text));
    }
}

void json_tree_put_base64(struct json_tree *tree, json_t *object, const char *key, const struct blob *blob)
{
    json_tree_put(tree, object, key, base64_of(blob));
}

json_t *json_tree_put_object(struct json_tree *tree, json_t *object, const char *key)
{
    json_tree_put(tree, object, key, json_object());
    return json_object_get(object, key);
}

json_t *json_tree_put_array(struct json_tree *tree, json_t *object, const char *key)
{
    json_tree_put(tree, object, key, json_array());
    return json_object_get(object, key);
}

json_t *json_tree_add_object(struct json_tree *tree, json_t *array)
{
    size_t before = json_array_size(array);
    json_tree_add(tree, array, json_object());
    return json_array_get(array, before);
}

void json_tree_add_number(struct json_tree *tree, json_t *array, int64_t number)
{
    json_tree_add(tree, array, json_integer(number));
}

void json_tree_add_text(struct json_tree *tree, json_t *array, const char *text)
{
    json_tree_add(tree, array, string_of(text));
}

void json_tree_add_base64(struct json_tree *tree, json_t *array, const struct blob *blob)
{
    json_tree_add(tree, array, base64_of(blob));
}

/* jansson hands over the inside of a string in pieces that end between characters. */
static int append_piece(const char *piece, size_t size, void *context)
{
    struct buffer *out = context;
    clean_append_json(out, bytes_of(piece, size));
    return out->failed ? -1 : 0;
}

int json_tree_end(struct json_tree *tree, struct buffer *out)
{
    int result = -1;
    if (!tree->failed && json_dump_callback(tree->root, append_piece, out, JSON_COMPACT) == 0 && !out->failed) {
        result = 0;
    }
    json_decref(tree->root);
    tree->root = NULL;
    return result;
}
