// The error names of the protocol, with Linux's numbers and texts for them.

/** The errors that a store names in an ERROR reply, and the ones that a connection adds, with Linux's numbers. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EILSEQ: 84,
  EPROTOTYPE: 91,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  EISCONN: 106,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EALREADY: 114,
  EDQUOT: 122,
  EQUOTA: 122,
} as const;

/** The name of an error: `"ENOENT"`, `"EACCES"` and so on. */
export type ErrnoName = keyof typeof Errno;

const texts: Record<ErrnoName, string> = {
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  EINTR: "Interrupted system call",
  EIO: "Input/output error",
  E2BIG: "Argument list too long",
  ENXIO: "No such device or address",
  EBADF: "Bad file descriptor",
  EAGAIN: "Resource temporarily unavailable",
  ENOMEM: "Cannot allocate memory",
  EACCES: "Permission denied",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  ENODEV: "No such device",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  EINVAL: "Invalid argument",
  ENFILE: "Too many open files in system",
  EMFILE: "Too many open files",
  ENOSPC: "No space left on device",
  EROFS: "Read-only file system",
  EPIPE: "Broken pipe",
  ENAMETOOLONG: "File name too long",
  ENOSYS: "Function not implemented",
  ENOTEMPTY: "Directory not empty",
  ELOOP: "Too many levels of symbolic links",
  EILSEQ: "Invalid or incomplete multibyte or wide character",
  EPROTOTYPE: "Protocol wrong type for socket",
  ECONNABORTED: "Software caused connection abort",
  ECONNRESET: "Connection reset by peer",
  EISCONN: "Transport endpoint is already connected",
  ENOTCONN: "Transport endpoint is not connected",
  ETIMEDOUT: "Connection timed out",
  ECONNREFUSED: "Connection refused",
  EALREADY: "Operation already in progress",
  EDQUOT: "Disk quota exceeded",
  // EQUOTA is of oxenstored alone. No errno.h has it; it corresponds to EDQUOT of Linux.
  EQUOTA: "Quota exceeded",
};

/**
 * The errors by which a store refuses to read or list one node, while it answers requests for other nodes: a missing
 * right, a broken record, too many children for the store, children that never stop to change.
 */
export const NODE_ERRORS: readonly ErrnoName[] = ["EACCES", "EIO", "E2BIG", "EAGAIN"];

/** Whether a text is the name of an error in {@linkcode Errno}. */
export function isErrnoName(name: string): name is ErrnoName {
  return Object.hasOwn(Errno, name);
}

/** What Linux's `strerror` says of an error, in English. */
export function errnoText(name: ErrnoName): string {
  return texts[name];
}
