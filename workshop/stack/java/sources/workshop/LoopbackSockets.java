package workshop;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import javax.net.ServerSocketFactory;

/**
 * Makes sockets that listen on loopback and accept their owner only.
 *
 * <p>Flink's server that hands jars to TaskManagers asks for one on every address of the machine,
 * and no setting changes that.
 */
final class LoopbackSockets extends ServerSocketFactory {
  /** Become the factory that a program gets when it asks for Java's own. */
  static void becomeDefault() throws ReflectiveOperationException {
    Field factory = ServerSocketFactory.class.getDeclaredField("theFactory");
    factory.setAccessible(true);
    factory.set(null, new LoopbackSockets());
  }

  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket(port, 0, null);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return createServerSocket(port, backlog, null);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog, InetAddress address)
      throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return new ServerSocket(port, backlog, address == null ? loopback : address) {
      @Override
      public Socket accept() throws IOException {
        while (true) {
          Socket accepted = super.accept();
          if (Owner.isAt(accepted.getRemoteSocketAddress(), accepted.getLocalSocketAddress())) {
            return accepted;
          }
          accepted.close();
        }
      }
    };
  }
}
