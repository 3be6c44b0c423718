/*
 * A password from the terminal.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "base/buffer.h"
#include "base/error.h"

/* Prompts on the terminal and reads a line without echo; without a terminal, one line of standard input. A signal that
 * comes meanwhile takes effect after the echo is back. */
int password_ask(const char *prompt, struct buffer *password, struct error *error);

#endif
