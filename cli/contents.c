#include "cli/contents.h"

#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/show.h"
#include "render/clean.h"
#include "x509/contents.h"

#define MAX_ENTRY_BYTES 65536

struct listing {
    enum format format;
    char path[PATH_MAX]; /* of the file whose name was written last; "": none */
    size_t good;         /* certificates of this operand that would serve */
    bool output_failed;
};

static void append_key(struct buffer *out, const struct description *description)
{
    buffer_append_string(out, description->key);
    if (description->curve[0] != '\0') {
        buffer_append_format(out, " %s", description->curve);
    } else if (description->key_bits > 0) {
        buffer_append_format(out, " %d", description->key_bits);
    }
}

static void append_line(struct buffer *out, const char *label, const char *text)
{
    buffer_append_format(out, "      %-9s", label);
    clean_append_terminal(out, bytes_of_string(text));
    buffer_append_char(out, '\n');
}

static void append_text(struct buffer *out, const struct content *content)
{
    const struct description *description = &content->description;
    bool over = description->not_after < clock_wall_s();
    char time[TEXT_TIME_BYTES];

    const char *subject = description->subject[0] != '\0' ? description->subject : "(empty name)";

    buffer_append_string(out, "  ");
    clean_append_terminal(out, bytes_of_string(subject));
    buffer_append_char(out, '\n');
    if (content->name[0] != '\0') {
        append_line(out, "name", content->name);
    }
    buffer_append_format(out, "      %-9s", "key");
    append_key(out, description);
    buffer_append_char(out, '\n');
    append_line(out, over ? "expired" : "expires", text_time(description->not_after, time));
    append_line(out, "sha256", description->fingerprint);
    if (content->left_out != NULL) {
        append_line(out, "left out", content->left_out);
    }
}

static void append_member(struct buffer *out, const char *key, const char *text)
{
    buffer_append_format(out, "%s\"%s\":", out->data[out->size - 1] == '{' ? "" : ",", key);
    text_append_json_string(out, bytes_of_string(text));
}

static void append_json(struct buffer *out, const struct content *content)
{
    const struct description *description = &content->description;
    char time[TEXT_TIME_BYTES];

    buffer_append_char(out, '{');
    append_member(out, "file", content->path);
    append_member(out, "fingerprint_sha256", description->fingerprint);
    append_member(out, "subject", description->subject);
    append_member(out, "not_before", text_time(description->not_before, time));
    append_member(out, "not_after", text_time(description->not_after, time));
    buffer_append_string(out, ",\"key\":{");
    append_member(out, "algorithm", description->key);
    if (description->key_bits > 0) {
        buffer_append_format(out, ",\"bits\":%d", description->key_bits);
    }
    if (description->curve[0] != '\0') {
        append_member(out, "curve", description->curve);
    }
    buffer_append_char(out, '}');
    if (content->name[0] != '\0') {
        append_member(out, "friendly_name", content->name);
    }
    if (content->left_out != NULL) {
        append_member(out, "left_out", content->left_out);
    }
    buffer_append_string(out, "}\n");
}

/* The name of each file stands once, before its certificates. */
static void append_heading(struct buffer *out, struct listing *listing, const char *path)
{
    if (strcmp(listing->path, path) == 0) {
        return;
    }
    buffer_append_string(out, listing->path[0] != '\0' ? "\n" : "");
    clean_append_terminal(out, bytes_of_string(path));
    buffer_append_string(out, ":\n");
    snprintf(listing->path, sizeof(listing->path), "%s", path);
}

static int write_content(void *context, const struct content *content, struct error *error)
{
    struct listing *listing = context;
    struct buffer out, clean;

    buffer_init(&out, MAX_ENTRY_BYTES);
    buffer_init(&clean, MAX_ENTRY_BYTES);
    listing->good += content->left_out == NULL;
    if (listing->format == FORMAT_JSON) {
        append_json(&out, content);
        clean_append_json(&clean, buffer_bytes(&out));
    } else {
        append_heading(&clean, listing, content->path);
        append_text(&clean, content);
    }
    listing->output_failed = show_bytes(&clean) != 0;
    buffer_free(&out);
    buffer_free(&clean);
    return listing->output_failed ? error_set(error, "not written") : 0;
}

static int show_operand(struct listing *listing, const char *path)
{
    struct error error;

    listing->good = 0;
    if (contents_each(path, write_content, listing, &error) != 0) {
        if (listing->output_failed) {
            return STATUS_IO;
        }
        complain("%s", error.text);
        return STATUS_USAGE;
    }
    if (listing->good == 0) {
        complain("%s: nothing in it would serve as an anchor", path);
    }
    return listing->good > 0 ? STATUS_FOUND : STATUS_NONE;
}

int contents_show(const struct options *options)
{
    struct listing listing = {.format = options->format};
    int worst = STATUS_FOUND;

    for (size_t i = 0; i < options->address_count && worst != STATUS_IO; i++) {
        int status = show_operand(&listing, options->addresses[i]);

        worst = status > worst ? status : worst;
    }
    return worst;
}
