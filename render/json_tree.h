/*
 * Building JSON with jansson without asking after each step: failure is sticky,
 * as in struct buffer. Text from outside is made valid UTF-8 on the way in.
 */
#ifndef RENDER_JSON_TREE_H
#define RENDER_JSON_TREE_H

#include <jansson.h>

#include "base/blob.h"
#include "base/buffer.h"

struct json_tree {
    json_t *root; /* an object */
    bool failed;  /* memory is out */
};

void json_tree_init(struct json_tree *tree);

/* Puts `value`, whose reference it takes, under `key`. NULL: memory was out. */
void json_tree_put(struct json_tree *tree, json_t *object, const char *key, json_t *value);
void json_tree_add(struct json_tree *tree, json_t *array, json_t *value);

void json_tree_put_text(struct json_tree *tree, json_t *object, const char *key, const char *text);
void json_tree_put_number(struct json_tree *tree, json_t *object, const char *key, int64_t number);
void json_tree_put_bool(struct json_tree *tree, json_t *object, const char *key, bool value);
void json_tree_put_time(struct json_tree *tree, json_t *object, const char *key, int64_t wall_s); /* 0: left out */
void json_tree_put_base64(struct json_tree *tree, json_t *object, const char *key, const struct blob *blob);

/* A new object or array under `key`, or at the end of an array. Borrowed. NULL when failed; all functions take NULL. */
json_t *json_tree_put_object(struct json_tree *tree, json_t *object, const char *key);
json_t *json_tree_put_array(struct json_tree *tree, json_t *object, const char *key);
json_t *json_tree_add_object(struct json_tree *tree, json_t *array);
void json_tree_add_number(struct json_tree *tree, json_t *array, int64_t number);
void json_tree_add_text(struct json_tree *tree, json_t *array, const char *text);
void json_tree_add_base64(struct json_tree *tree, json_t *array, const struct blob *blob);

/* Appends the text of it, compact, members in the order in which they were put, and frees it. -1: something failed. */
int json_tree_end(struct json_tree *tree, struct buffer *out);

#endif
