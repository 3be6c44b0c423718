/*
 * A directory that is played: whoever is asked for has one entry with one certificate, out of a pool of a few that
 * name no address. Takes the place of ldap/directory.c at link time; a thread of its own answers, as a real one's does.
 */
#ifndef TESTS_SOAK_PLAYED_H
#define TESTS_SOAK_PLAYED_H

#include "base/bytes.h"

/* Before the first directory is opened; the values are borrowed to the end. */
void played_values(const struct bytes *values, size_t count);

#endif
