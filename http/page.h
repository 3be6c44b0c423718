/*
 * The page for people, at "/" and below "/page/": the files of web/, as they
 * were when the program was built. Private to http/.
 *
 * They are the same for everybody. What the page shows of people and of the
 * gateway it asks for by the other routes, with the token of who looks at it.
 */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "http/request.h"

/* web/index.html. */
enum MHD_Result page_answer(struct request *request);

/* The file that the route captured the name of; 404: none is called so. */
enum MHD_Result page_file_answer(struct request *request);

#endif
