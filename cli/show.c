#include "cli/show.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/clean.h"

#define MAX_OUTPUT_BYTES ((size_t)64 * 1024 * 1024)
#define MAX_COMPLAINT_BYTES 4096

void complain(const char *format, ...)
{
    char words[MAX_COMPLAINT_BYTES / 8];
    struct buffer line;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    buffer_init(&line, MAX_COMPLAINT_BYTES);
    clean_append_terminal(&line, bytes_of_string(words));
    fprintf(stderr, "certlookup: %s\n", buffer_string(&line));
    buffer_free(&line);
}

/* https://no-color.org: set and not empty means no colour. */
static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

void show_init(struct shown *shown, const struct options *options)
{
    *shown = (struct shown){.options = options, .colour = wants_colour()};
}

/* What stands before the first reply, between two and after each, so that the whole is one document of its kind. */
static const struct {
    const char *first, *between, *after;
} around[FORMAT_COUNT] = {
    [FORMAT_JSON] = {"", "", "\n"},
    [FORMAT_TEXT] = {"", "\n", ""},
    [FORMAT_LDIF] = {"", "\n", ""}, /* no "version: 1", as ldapsearch -LLL: slapadd takes it for an entry */
    [FORMAT_PEM] = {"", "", ""},
    [FORMAT_DER] = {"", "", ""},
    [FORMAT_P7C] = {"", "", ""},
    [FORMAT_VCARD] = {"", "", ""},
    [FORMAT_VCARD3] = {"", "", ""},
};

static int output_failed(void)
{
    if (errno != EPIPE) { /* a pager that was left needs no comment */
        complain("standard output: %s", strerror(errno));
    }
    return -1;
}

int show_bytes(const struct buffer *bytes)
{
    if (bytes->failed) {
        complain("out of memory");
        return -1;
    }
    return fwrite(bytes->data, 1, bytes->size, stdout) == bytes->size && fflush(stdout) == 0 ? 0 : output_failed();
}

static int write_out(struct shown *shown, const struct buffer *body)
{
    enum format format = shown->options->format;
    const char *before = shown->count++ == 0 ? around[format].first : around[format].between;

    if (fputs(before, stdout) == EOF || fwrite(body->data, 1, body->size, stdout) != body->size ||
        fputs(around[format].after, stdout) == EOF || fflush(stdout) != 0) {
        return output_failed();
    }
    return 0;
}

static int render_and_write(struct shown *shown, const struct reply *reply)
{
    const struct options *options = shown->options;
    /* Whoever asks a directory wants to see each value; what a gateway tells is the gateway's to decide. */
    bool each_value = options->explain || (options->format == FORMAT_JSON && options->gateway == NULL);
    struct render_options wish = {.explain = each_value, .stale = reply->stale, .colour = shown->colour};
    struct buffer body;
    int result = -1;

    buffer_init(&body, MAX_OUTPUT_BYTES);
    if (render(options->format, reply->answer, &wish, &body) != 0) {
        complain("%s: cannot be written as %s", reply->answer->address.text, render_formats[options->format].name);
    } else {
        result = write_out(shown, &body);
    }
    buffer_free(&body);
    return result;
}

int show_reply(struct shown *shown, const struct reply *reply)
{
    const struct answer *answer = reply->answer;

    if (reply->document.size > 0) {
        return write_out(shown, &reply->document);
    }
    if (answer->outcome != OUTCOME_FOUND && render_formats[shown->options->format].needs_certificate) {
        complain("%s%s%s: %s", answer->address.text, answer->address.size > 0 ? ": " : "",
                 outcome_word(answer->outcome), reason_text(answer->reason));
        return 0;
    }
    return render_and_write(shown, reply);
}

int show_end(void)
{
    return fclose(stdout) == 0 ? 0 : output_failed();
}
