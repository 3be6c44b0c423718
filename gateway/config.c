#include "gateway/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "gateway/config_private.h"

#define PATH_MAX_SHOWN 1024 /* of the name of the file, in a fault */

struct kept {
    struct kept *next;
    size_t size;
    _Alignas(max_align_t) char data[];
};

void *reader_keep(struct reader *reader, size_t size)
{
    struct kept *kept = calloc(1, sizeof(*kept) + size);

    if (kept == NULL) {
        if (!reader->out_of_memory) {
            reader_fault_at(reader, 0, "", "out of memory");
        }
        reader->out_of_memory = true;
        return NULL;
    }
    kept->size = size;
    kept->next = reader->config->storage;
    reader->config->storage = kept;
    return kept->data;
}

char *reader_keep_string(struct reader *reader, const char *string)
{
    size_t size = strlen(string) + 1;
    char *kept = reader_keep(reader, size);

    return kept != NULL ? memcpy(kept, string, size) : NULL;
}

/* Our paths as libconfig's: "directories[0].uri" is "directories.[0].uri" there. */
config_setting_t *reader_find(const struct reader *reader, const char *path)
{
    char theirs[2 * MAX_PATH_BYTES];
    size_t size = 0;

    for (; *path != '\0' && size < sizeof(theirs) - 2; path++) {
        if (*path == '[') {
            theirs[size++] = '.';
        }
        theirs[size++] = *path;
    }
    theirs[size] = '\0';
    return reader->has_tree && size > 0 ? config_lookup(&reader->tree, theirs) : NULL;
}

/* The line of a setting; of one that is not there, the line of its group. Of an element of a list, the list's:
 * libconfig has read on to the next word when it notes the line of a string. */
static unsigned find_line(const struct reader *reader, const char *path)
{
    char parent[MAX_PATH_BYTES];

    snprintf(parent, sizeof(parent), "%s", path);
    for (;;) {
        const config_setting_t *node = reader_find(reader, parent);
        if (node != NULL && (config_setting_name(node) != NULL || config_setting_is_group(node))) {
            return config_setting_source_line(node);
        }
        size_t end = strlen(parent);
        while (end > 0 && parent[end] != '.' && parent[end] != '[') {
            end--;
        }
        if (end == 0) {
            return 0;
        }
        parent[end] = '\0';
    }
}

void reader_fault_at(struct reader *reader, unsigned line, const char *path, const char *text)
{
    char where[16] = "", words[MAX_PATH_BYTES + MAX_ERROR_BYTES + PATH_MAX_SHOWN];

    if (reader->faults++ > MAX_FAULTS) {
        return;
    }
    if (reader->faults > MAX_FAULTS) {
        line = 0;
        path = "";
        text = "and more faults, not shown";
    }
    if (line != 0) {
        snprintf(where, sizeof(where), ":%u", line);
    }
    snprintf(words, sizeof(words), "%.*s%s: %s%s%s", PATH_MAX_SHOWN, reader->path, where, path,
             *path != '\0' ? ": " : "", text);
    reader->fault(reader->context, words);
}

void reader_fault(struct reader *reader, const char *path, const char *format, ...)
{
    char text[MAX_ERROR_BYTES];
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(text, sizeof(text), format, arguments) < 0) {
        text[0] = '\0';
    }
    va_end(arguments);
    buffer_append_format(&reader->faulted, "\n%s", path);
    reader_fault_at(reader, find_line(reader, path), path, text);
}

bool reader_faulted(const struct reader *reader, const char *path)
{
    size_t size = strlen(path);
    const char *at = buffer_string(&reader->faulted);

    if (reader->faulted.failed) {
        return true;
    }
    for (at = strchr(at, '\n'); at != NULL; at = strchr(at + 1, '\n')) {
        if (strncmp(at + 1, path, size) == 0 && strchr("\n.[", at[1 + size]) != NULL) {
            return true;
        }
    }
    return false;
}

/* The text of the file as a tree. -1: reported. */
static int parse(struct reader *reader)
{
    struct buffer text;
    struct error error;
    unsigned line = 0;
    int result = -1;

    buffer_init(&text, MAX_CONFIG_BYTES);
    if (file_read(reader->path, &text, &error) != 0) {
        reader->faults++;
        reader->fault(reader->context, error.text); /* names the path itself */
        goto out;
    }
    if (config_scan(buffer_bytes(&text), &line, &error) != 0) {
        reader_fault_at(reader, line, "", error.text);
        goto out;
    }
    config_init(&reader->tree);
    reader->has_tree = true;
    if (config_read_string(&reader->tree, buffer_string(&text)) != CONFIG_TRUE) {
        reader_fault_at(reader, (unsigned)config_error_line(&reader->tree), "", config_error_text(&reader->tree));
        goto out;
    }
    result = 0;
out:
    buffer_free(&text);
    return result;
}

struct config *config_load(const char *path, void (*fault)(void *context, const char *line), void *context)
{
    struct reader reader = {.path = path, .fault = fault, .context = context};

    buffer_init(&reader.faulted, MAX_FAULTS * MAX_PATH_BYTES);
    reader.config = calloc(1, sizeof(*reader.config));
    if (reader.config == NULL) {
        reader_fault_at(&reader, 0, "", "out of memory");
        goto out;
    }
    atomic_init(&reader.config->references, 1);
    reader.config->path = reader_keep_string(&reader, path);
    if (parse(&reader) == 0) {
        reader_read_tree(&reader);
        if (!reader.out_of_memory) {
            reader_check(&reader);
        }
    }
out:
    if (reader.has_tree) {
        config_destroy(&reader.tree);
    }
    buffer_free(&reader.faulted);
    if (reader.faults > 0) {
        config_free(&reader.config);
    }
    return reader.config;
}

struct policies_config config_policies(const struct config *config)
{
    return (struct policies_config){config->trust, config->trust_rules, config->trust_rule_count};
}

struct config *config_ref(struct config *config)
{
    atomic_fetch_add(&config->references, 1);
    return config;
}

void config_free(struct config **config)
{
    struct config *gone = *config;

    *config = NULL;
    if (gone == NULL || atomic_fetch_sub(&gone->references, 1) != 1) {
        return;
    }
    http_rules_free(&gone->http);
    for (struct kept *kept = gone->storage, *next; kept != NULL; kept = next) {
        next = kept->next;
        explicit_bzero(kept->data, kept->size);
        free(kept);
    }
    free(gone);
}
