package workshop;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Tells whose a connection is, by the system's table of connections.
 *
 * <p>The property {@code workshop.users} has the numbers of the users that are let in, with a bar
 * between two of them. Without it, whoever reaches a port is.
 */
final class Owner {
  private static final String USERS = System.getProperty("workshop.users");
  // Addresses and ports are hexadecimal there; an IPv4 address in the table for IPv6 has a prefix.
  private static final String LOOPBACK = "(0000000000000000FFFF0000)?0100007F";
  // A connection whose program has closed it, or has ended, belongs to user 0 and inode 0 there. It
  // must not pass for root's, so the inode must be another.
  private static final String OPEN_AND_THEIRS =
      "0[1-9A-B] [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ [0-9A-F]+ +(" + USERS + ") +[0-9]+ +[1-9]";
  private static final Path[] TABLES = {
    Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6")
  };

  private Owner() {}

  /** Whether a connection that was accepted {@code here} comes from one who is let in. */
  static boolean isAt(SocketAddress peer, SocketAddress here) throws IOException {
    if (USERS == null) {
      return true;
    }
    if (!(peer instanceof InetSocketAddress from)
        || !(here instanceof InetSocketAddress to)
        || !from.getAddress().getHostAddress().equals("127.0.0.1")) {
      return false;
    }
    Pattern row =
        Pattern.compile(": " + end(from) + " " + end(to) + " " + OPEN_AND_THEIRS);
    for (Path table : TABLES) {
      if (row.matcher(Files.readString(table)).find()) {
        return true;
      }
    }
    return false;
  }

  private static String end(InetSocketAddress address) {
    return LOOPBACK + ":" + String.format("%04X", address.getPort());
  }
}
