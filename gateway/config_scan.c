#include "base/error.h"
#include "base/text.h"
#include "gateway/config_private.h"

/* The deepest setting there is: directories → group → list. */
#define MAX_DEPTH 8
/* libconfig 1.5 cuts an int to what fits, without a word. */
#define MAX_DIGITS 9

struct scan {
    const char *at;
    const char *end;
    unsigned line;
    unsigned depth;
    struct error *error;
};

static bool scan_sees(const struct scan *scan, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, word, size) == 0;
}

static void scan_step(struct scan *scan)
{
    scan->line += *scan->at == '\n';
    scan->at++;
}

/* libconfig takes the end of the file for the end of a comment or a string, and drops what is in it without a word. */
static int scan_comment(struct scan *scan)
{
    unsigned opened = scan->line;
    for (scan->at += 2; scan->at < scan->end; scan_step(scan)) {
        if (scan_sees(scan, "*/")) {
            scan->at += 2;
            return 0;
        }
    }
    scan->line = opened;
    return error_set(scan->error, "a comment begins here that never ends");
}

static int scan_string(struct scan *scan)
{
    unsigned opened = scan->line;
    for (scan->at++; scan->at < scan->end; scan_step(scan)) {
        if (*scan->at == '"') {
            scan->at++;
            return 0;
        }
        if (scan_sees(scan, "\\x00") || scan_sees(scan, "\\X00")) {
            return error_set(scan->error, "a string cannot hold a NUL");
        }
        if (*scan->at == '\n') {
            scan->line = opened;
            return error_set(scan->error, "a string begins here that does not end on this line");
        }
        if (*scan->at == '\\' && scan->at + 1 < scan->end) {
            scan->at++;
        }
    }
    scan->line = opened;
    return error_set(scan->error, "a string begins here that never ends");
}

static void scan_line_end(struct scan *scan)
{
    while (scan->at < scan->end && *scan->at != '\n') {
        scan->at++;
    }
}

static bool is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '*' ||
           c == '-' || c == '.';
}

/* A name or a number. */
static int scan_word(struct scan *scan)
{
    const char *begin = scan->at;
    while (scan->at < scan->end && is_word_char(*scan->at)) {
        scan->at++;
    }
    if (*begin >= '0' && *begin <= '9' && scan->at - begin > MAX_DIGITS) {
        return error_set(scan->error, "the number %.*s… is too large", MAX_DIGITS, begin);
    }
    return 0;
}

static int scan_bracket(struct scan *scan)
{
    bool opens = strchr("{[(", *scan->at) != NULL;
    scan->at++;
    if (!opens) {
        scan->depth -= scan->depth > 0;
        return 0;
    }
    if (++scan->depth > MAX_DEPTH) {
        return error_set(scan->error, "brackets are nested more than %d deep", MAX_DEPTH);
    }
    return 0;
}

static int scan_next(struct scan *scan)
{
    if (*scan->at == '"') {
        return scan_string(scan);
    }
    if (scan_sees(scan, "/*")) {
        return scan_comment(scan);
    }
    if (*scan->at == '#' || scan_sees(scan, "//")) {
        scan_line_end(scan);
        return 0;
    }
    if (*scan->at == '@') {
        /* libconfig ends the process where the included path is a folder, and loses count of the lines. */
        return error_set(scan->error, "@include is not supported: write all settings in one file");
    }
    if (strchr("{[()]}", *scan->at) != NULL) {
        return scan_bracket(scan);
    }
    if (*scan->at != '-' && is_word_char(*scan->at)) {
        return scan_word(scan);
    }
    scan_step(scan);
    return 0;
}

/* The line of the first octet that is no text: a NUL, or not UTF-8. 0: none. */
static unsigned find_binary(struct bytes text)
{
    unsigned line = 1;
    for (const uint8_t *at = text.data, *end = text.data + text.size; at < end; line++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((newline != NULL ? newline : end) - at);
        if (!text_is_utf8_string(bytes_of(at, size))) {
            return line;
        }
        at = newline != NULL ? newline + 1 : end;
    }
    return 0;
}

int config_scan(struct bytes text, unsigned *line, struct error *error)
{
    *line = find_binary(text);
    if (*line != 0) {
        return error_set(error, "is not a text in UTF-8");
    }
    const char *begin = (const char *)text.data;
    struct scan scan = {.at = begin, .end = begin + text.size, .line = 1, .error = error};
    while (scan.at < scan.end) {
        if (scan_next(&scan) != 0) {
            *line = scan.line;
            return -1;
        }
    }
    return 0;
}
