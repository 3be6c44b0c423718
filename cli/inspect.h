/*
 * Judging what files hold, without asking anybody for it.
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/assess.h"
#include "cli/reply.h"

/* Reads all files of the options, each PEM, DER, PKCS#7, a serialized store or LDIF, and judges every certificate in
 * them: for `address`, or, where that is NULL, whoever they are for. What issuers and CRLs they hold help as well. -1:
 * a file cannot be read, is none of these, or memory is out; the words name it. */
int inspect_files(const struct options *options, struct assessor *assessor, const struct address *address,
                  struct reply *reply, struct error *error);

#endif
