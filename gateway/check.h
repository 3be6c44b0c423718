/*
 * certlookupd -t: is the configuration good, and what does it come to?
 */
#ifndef GATEWAY_CHECK_H
#define GATEWAY_CHECK_H

/* Reads the configuration and what it names, without network. Prints its directories and anchors to stdout; every
 * fault, and what is none but will be missed by somebody, to stderr. Returns the status of the process. */
int check_configuration(const char *config_path);

#endif
