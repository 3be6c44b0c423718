/*
 * The daemon's life: start in the order of the list, run, drain, end in the
 * reverse order.
 */
#ifndef GATEWAY_DAEMON_H
#define GATEWAY_DAEMON_H

#include <stdbool.h>

/* Runs until SIGTERM or SIGINT. `log_word` is "text", "json" or NULL (as configured). The exit status of the process: 0
 * after an orderly end, 1 when the start failed (the log says why). */
int daemon_run(const char *config_path, const char *log_word);

#endif
