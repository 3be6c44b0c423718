/*
 * The certificates in a file, read as anchors are (x509/load.h), for somebody
 * who only wants to look.
 */
#ifndef X509_CONTENTS_H
#define X509_CONTENTS_H

#include "base/error.h"
#include "x509/describe.h"

/* Borrowed for the time of the call. */
struct content {
    const char *path;               /* of the file, also where a folder was asked for */
    struct description description;
    const char *name;               /* that its store gives it (x509/sst.h); "": none */
    const char *left_out;           /* why it would not serve as an anchor; NULL: it would */
};

/* Calls `visit` for each certificate of the file, or of the folder's files; stops at the first -1, which it returns.
 * -1: the words name path and cause; certificates before a fault were shown. */
int contents_each(const char *path, int (*visit)(void *context, const struct content *content, struct error *error),
                  void *context, struct error *error);

#endif
