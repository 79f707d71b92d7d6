// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic for the datapath benchmark: a sink, and three loads against it, each of which prints its numbers.
 *
 *   traffic sink PORT                        serves TCP and UDP on the port until it is ended
 *   traffic stream ADDRESS PORT SECONDS      gigabits over one TCP connection
 *   traffic crr ADDRESS PORT SECONDS         connections: connect, a byte there, a byte back, reset
 *   traffic udp ADDRESS PORT SECONDS         packets
 *
 * A load prints how much there was, in how many seconds of the clock, and of its CPU time. Over a veth pair the receiving half of the
 * path runs on the sender's CPU (softirq), so that CPU time has the path's cost in it; it swings with what else the machine does
 * much less than the clock's does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void report(double amount, double start)
{
	printf("%.3f %.6f %.6f\n", amount, now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID));
}

static struct sockaddr_in6 address(const char *text, const char *port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	char mapped[64];

	snprintf(mapped, sizeof(mapped), strchr(text, ':') ? "%s" : "::ffff:%s", text);
	if (inet_pton(AF_INET6, mapped, &a.sin6_addr) != 1)
		die(text);
	return a;
}

static void *serve(void *argument)
{
	int fd = (int)(long)argument;
	char first;
	static __thread char buffer[1 << 17];

	if (read(fd, &first, 1) == 1) {
		if (first == 'c') {
			if (write(fd, &first, 1) != 1)
				errno = 0;
			/* The client resets; waiting for that keeps TIME-WAIT away from both sides. */
			if (read(fd, &first, 1) != 0)
				errno = 0;
		} else {
			while (read(fd, buffer, sizeof(buffer)) > 0)
				;
		}
	}
	close(fd);
	return NULL;
}

static void *drain(void *argument)
{
	int fd = (int)(long)argument;
	char buffer[2048];

	while (recv(fd, buffer, sizeof(buffer), 0) >= 0 || errno == EINTR)
		;
	return NULL;
}

static int sink(const char *port)
{
	struct sockaddr_in6 any = address("::", port);
	int one = 1, zero = 0;
	int tcp = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET6, SOCK_DGRAM, 0);
	pthread_t thread;

	setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(tcp, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(tcp, (void *)&any, sizeof(any)) || listen(tcp, 1024) || bind(udp, (void *)&any, sizeof(any)))
		die("bind");
	pthread_create(&thread, NULL, drain, (void *)(long)udp);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int fd = accept(tcp, NULL, NULL);
		char first;

		if (fd < 0)
			continue;
		/* A connection of the crr load is over in microseconds: no thread for it. */
		if (recv(fd, &first, 1, MSG_PEEK) == 1 && first == 'c') {
			serve((void *)(long)fd);
		} else {
			pthread_create(&thread, NULL, serve, (void *)(long)fd);
			pthread_detach(thread);
		}
	}
}

static int connected(const char *host, const char *port, int type)
{
	struct sockaddr_in6 to = address(host, port);
	int fd = socket(AF_INET6, type, 0);

	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)))
		die("connect");
	return fd;
}

static void stream(const char *host, const char *port, double seconds)
{
	static char buffer[1 << 17] = "s";
	int fd = connected(host, port, SOCK_STREAM);
	double start = now(CLOCK_MONOTONIC), end = start + seconds;
	unsigned long long bytes = 0;

	do {
		ssize_t n = write(fd, buffer, sizeof(buffer));

		if (n < 0)
			die("write");
		bytes += n;
	} while (now(CLOCK_MONOTONIC) < end);
	report(bytes * 8 / 1e9, start);
}

static void crr(const char *host, const char *port, double seconds)
{
	double start = now(CLOCK_MONOTONIC), end = start + seconds;
	struct linger reset = { 1, 0 };
	unsigned long long n = 0;
	char byte = 'c';

	do {
		int fd = connected(host, port, SOCK_STREAM);

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			die("exchange");
		close(fd);
		n++;
	} while (now(CLOCK_MONOTONIC) < end);
	report(n, start);
}

static void udp(const char *host, const char *port, double seconds)
{
	int fd = connected(host, port, SOCK_DGRAM);
	double start = now(CLOCK_MONOTONIC), end = start + seconds;
	char payload[64] = { 0 };
	unsigned long long n = 0;

	do {
		for (int i = 0; i < 256; i++, n++)
			if (send(fd, payload, sizeof(payload), 0) < 0) {
				if (errno != ENOBUFS && errno != ECONNREFUSED)
					die("send");
				n--;
			}
	} while (now(CLOCK_MONOTONIC) < end);
	report(n, start);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "sink"))
		return sink(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "stream"))
		stream(argv[2], argv[3], atof(argv[4]));
	else if (argc == 5 && !strcmp(argv[1], "crr"))
		crr(argv[2], argv[3], atof(argv[4]));
	else if (argc == 5 && !strcmp(argv[1], "udp"))
		udp(argv[2], argv[3], atof(argv[4]));
	else
		return fprintf(stderr, "usage: traffic sink PORT | stream|crr|udp ADDRESS PORT SECONDS\n"), 2;
	return 0;
}
