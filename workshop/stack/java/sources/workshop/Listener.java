package workshop;

import java.io.FileDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import sun.nio.ch.SelChImpl;
import sun.nio.ch.SelectionKeyImpl;

/** A channel that listens on loopback when it is told every address, and accepts its owner only. */
final class Listener extends ServerSocketChannel implements SelChImpl {
  private final ServerSocketChannel inner;
  private final ServerSocket socket;

  Listener(SelectorProvider provider, ServerSocketChannel inner) throws IOException {
    super(provider);
    this.inner = inner;
    this.socket = new ListeningSocket(this, inner.socket());
  }

  /** The same address, or loopback where it means every address of the machine. */
  static SocketAddress onLoopback(SocketAddress address) {
    boolean every =
        address == null
            || address instanceof InetSocketAddress one && one.getAddress().isAnyLocalAddress();
    int port = address instanceof InetSocketAddress one ? one.getPort() : 0;
    return every ? new InetSocketAddress(InetAddress.getLoopbackAddress(), port) : address;
  }

  @Override
  public ServerSocketChannel bind(SocketAddress address, int backlog) throws IOException {
    inner.bind(onLoopback(address), backlog);
    return this;
  }

  @Override
  public SocketChannel accept() throws IOException {
    while (true) {
      SocketChannel accepted = inner.accept();
      if (accepted == null || isOwners(accepted)) {
        return accepted;
      }
      accepted.close();
    }
  }

  private static boolean isOwners(SocketChannel accepted) throws IOException {
    return Owner.isAt(accepted.getRemoteAddress(), accepted.getLocalAddress());
  }

  @Override
  public ServerSocket socket() {
    return socket;
  }

  @Override
  public SocketAddress getLocalAddress() throws IOException {
    return inner.getLocalAddress();
  }

  @Override
  public <T> ServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
    inner.setOption(name, value);
    return this;
  }

  @Override
  public <T> T getOption(SocketOption<T> name) throws IOException {
    return inner.getOption(name);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return inner.supportedOptions();
  }

  @Override
  protected void implConfigureBlocking(boolean block) throws IOException {
    inner.configureBlocking(block);
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    // A selector that still looks at it closes it when it has let go of it, by kill().
    if (!isRegistered()) {
      inner.close();
    }
  }

  // What a selector needs: all of it is the inner channel's.

  @Override
  public void kill() throws IOException {
    inner.close();
  }

  @Override
  public FileDescriptor getFD() {
    return ((SelChImpl) inner).getFD();
  }

  @Override
  public int getFDVal() {
    return ((SelChImpl) inner).getFDVal();
  }

  @Override
  public boolean translateAndUpdateReadyOps(int ops, SelectionKeyImpl key) {
    return ((SelChImpl) inner).translateAndUpdateReadyOps(ops, key);
  }

  @Override
  public boolean translateAndSetReadyOps(int ops, SelectionKeyImpl key) {
    return ((SelChImpl) inner).translateAndSetReadyOps(ops, key);
  }

  @Override
  public int translateInterestOps(int ops) {
    return ((SelChImpl) inner).translateInterestOps(ops);
  }
}
