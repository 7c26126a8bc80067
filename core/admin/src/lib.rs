//! The gRPC services of strowger.admin.v1.
