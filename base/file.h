/*
 * Files that the configuration names: anchors, CRLs, passwords, keys.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buffer.h"
#include "base/digest.h"
#include "base/error.h"

/* Appends the whole file to `buffer` (whose maximum bounds it). -1: the words name path and cause. */
int file_read(const char *path, struct buffer *buffer, struct error *error);

/* The same for a secret: refused when group or others may read or write it, or when its owner is neither the user we
 * run as nor root; a credential of systemd is fine as it is. Trailing line ends are cut. */
int file_read_secret(const char *path, struct buffer *buffer, struct error *error);

/* Calls `visit` for `path` if it is a file, or, in order of name, for each file in it (not below) whose name does not
 * begin with '.', if it is a folder. Stops at the first -1, which it returns. */
int file_each(const char *path, int (*visit)(void *context, const char *path, struct error *error), void *context,
              struct error *error);

/* Adds to `stream` what tells one state of a file from another: what stat() says of it, and of each file that
 * file_each() would visit, behind every symbolic link. Never fails: that something is not there is a state, too. */
void file_add_state(const char *path, struct digest_stream *stream);

#endif
