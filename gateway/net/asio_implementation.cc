// Asio compiled once (BOOST_ASIO_SEPARATE_COMPILATION): the other files see declarations only.
#include <boost/asio/impl/src.hpp>
