#include "cli/addresses.h"

#include <stdio.h>

#include "cli/show.h"

/* Longer than any address, so that a longer line is none, and the rest of it need not be kept. */
#define LINE_MAX_BYTES 1024

/* One line without its end and the blanks around it; what does not fit is read and dropped, but leaves the size over
 * the limit. False: no more lines. */
static bool read_line(FILE *input, char line[LINE_MAX_BYTES], size_t *size)
{
    bool any = false;
    int c;

    *size = 0;
    while ((c = getc(input)) != EOF && c != '\n') {
        any = true;
        if (*size == 0 && (c == ' ' || c == '\t')) {
            continue;
        }
        if (*size < LINE_MAX_BYTES) {
            line[(*size)++] = (char)c;
        }
    }
    while (*size > 0 && *size < LINE_MAX_BYTES && strchr(" \t\r", line[*size - 1]) != NULL && line[*size - 1] != '\0') {
        (*size)--;
    }
    return any || c == '\n';
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int each_line(int (*look_up)(void *context, const struct address *address), void *context)
{
    char line[LINE_MAX_BYTES];
    size_t size;
    size_t seen = 0;
    int worst = STATUS_FOUND;

    while (worst != STATUS_IO && read_line(stdin, line, &size)) {
        struct address address;
        if (size == 0) {
            continue;
        }
        seen++;
        enum address_fault fault = address_parse(bytes_of(line, size), &address);
        if (fault == ADDRESS_OK) {
            worst = worse(worst, look_up(context, &address));
        } else {
            complain("%.*s: %s", (int)(size < 64 ? size : 64), line, address_fault_text(fault));
            worst = worse(worst, STATUS_USAGE);
        }
    }
    if (ferror(stdin)) {
        complain("standard input cannot be read");
        return worse(worst, STATUS_UNKNOWN);
    }
    if (seen == 0) {
        complain("no address on standard input");
        return STATUS_USAGE;
    }
    return worst;
}

int addresses_each(const struct options *options, int (*look_up)(void *context, const struct address *address),
                   void *context)
{
    int worst = STATUS_FOUND;

    if (options->address_count == 1 && strcmp(options->addresses[0], "-") == 0) {
        return each_line(look_up, context);
    }
    for (size_t i = 0; i < options->address_count && worst != STATUS_IO; i++) {
        struct address address;
        if (address_parse(bytes_of_string(options->addresses[i]), &address) != ADDRESS_OK) {
            return STATUS_USAGE;
        }
        worst = worse(worst, look_up(context, &address));
    }
    return worst;
}
