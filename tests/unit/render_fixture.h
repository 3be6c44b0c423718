/*
 * Answers to render: of each outcome one, with real certificates and with all
 * that a directory may send to do harm.
 */
#ifndef TESTS_UNIT_RENDER_FIXTURE_H
#define TESTS_UNIT_RENDER_FIXTURE_H

#include "base/answer.h"

/* alice@example.org: a usable RSA certificate, a revoked EC one, an expired one of another entry, garbage. */
struct answer *fixture_found(void);
/* The same, and how the verdicts on the first two came about. */
struct answer *fixture_explained(void);
/* bob@xn--bcher-kva.example: no entry. */
struct answer *fixture_none(void);
/* carol@example.org: the directory is away. */
struct answer *fixture_unknown(void);

#endif
