/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A MongoDB server for one test program, on a port of the loopback. The server
 * keeps its data in files in the runtime directory, and acknowledged writes
 * survive SIGKILL.
 */
#ifndef PRIVATE_MONGODB_H
#define PRIVATE_MONGODB_H

#include "support.h"

/* Group fixtures: those of support.h, and a server. */
int private_mongodb_make_sandbox(void **state);
int private_mongodb_remove_sandbox(void **state);

/*
 * Starts the server with the data that it had. With the PEM file `certificate`,
 * the server demands TLS and a password; NULL: neither.
 */
void private_mongodb_start(const char *certificate);

/* Kills the server with SIGKILL. */
void private_mongodb_kill(void);

/* Pauses the server, which then answers nothing, and resumes the server. */
void private_mongodb_pause(void);
void private_mongodb_resume(void);

/*
 * Makes SFCHAT_STORE name the server. `credentials` is "name:password@" or "",
 * and `options` begins with '&' or is "".
 */
void private_mongodb_set_store(const char *credentials, const char *options);

int private_mongodb_port(void);

/* The folder of the data; it might not exist yet. */
const char *private_mongodb_folder(void);

#endif
