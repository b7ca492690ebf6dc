metadata description = 'The identities of the stack: one that the function app runs as, one that scoring nodes run as, and where needed one that builds their image. No role here; see the modules of what they reach.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the names of the identities end with.')
param suffix string

@description('Make the identity that builds images, for a registry that cannot build by itself.')
param withBuilder bool = false

@description('What an identity is called by the services that use it.')
@export()
type identity = {
  @description('Resource ID, to attach the identity to something.')
  id: string

  @description('Client ID, to choose it when signing in.')
  clientId: string

  @description('Object ID, to give it roles.')
  principalId: string
}

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-function-${suffix}'
  location: location
  tags: tags
}

resource nodes 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-scoring-${suffix}'
  location: location
  tags: tags
}

resource builder 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (withBuilder) {
  name: 'id-build-${suffix}'
  location: location
  tags: tags
}

@description('The function app\'s identity.')
output function identity = {
  id: app.id
  clientId: app.properties.clientId
  principalId: app.properties.principalId
}

@description('The scoring nodes\' identity.')
output scoring identity = {
  id: nodes.id
  clientId: nodes.properties.clientId
  principalId: nodes.properties.principalId
}

@description('The identity that builds images; empty texts without one.')
output builder identity = withBuilder
  ? {
      id: builder.id
      clientId: builder!.properties.clientId
      principalId: builder!.properties.principalId
    }
  : { id: '', clientId: '', principalId: '' }
