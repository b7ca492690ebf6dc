metadata description = 'What the managed network of a workspace reaches by private endpoints, and the right of the workspace to approve them.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Name of the workspace.')
param workspaceName string

@description('Object ID of the identity of the workspace.')
param principalId string

@description('Name of the storage account with the videos.')
param dataAccountName string

@description('Name of the workspace\'s own storage account.')
param opsAccountName string

@description('Name of its key vault.')
param keyVaultName string

@description('Name of its container registry.')
param registryName string

@description('Make the role assignments. Without it they are only told, and the endpoints wait for approval.')
param assignRoles bool = true

var approver = {
  roleId: roleIds.azureAiEnterpriseNetworkConnectionApprover
  definition: subscriptionResourceId(
    'Microsoft.Authorization/roleDefinitions',
    roleIds.azureAiEnterpriseNetworkConnectionApprover
  )
  why: 'The workspace approves the private endpoints of its managed network.'
}

// Endpoints to vault, registry and the workspace, which have no public endpoint at all, are rules that the service
// makes itself. The workspace's own account keeps one for Event Grid's trusted access, so its rules are ours to make.
var rules = [
  {
    name: 'data-blob'
    account: data.id
    target: 'blob'
  }
  {
    name: 'ops-blob'
    account: ops.id
    target: 'blob'
  }
  {
    name: 'ops-file'
    account: ops.id
    target: 'file'
  }
]

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {
  name: workspaceName
}

resource data 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: dataAccountName
}

resource ops 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: opsAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: keyVaultName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: registryName
}

resource approvesData 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(data.id, workspace.id, approver.roleId)
  scope: data
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: approver.definition
    description: approver.why
  }
}

resource approvesOps 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(ops.id, workspace.id, approver.roleId)
  scope: ops
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: approver.definition
    description: approver.why
  }
}

resource approvesVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(vault.id, workspace.id, approver.roleId)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: approver.definition
    description: approver.why
  }
}

resource approvesRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(registry.id, workspace.id, approver.roleId)
  scope: registry
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: approver.definition
    description: approver.why
  }
}

// One after the other: a workspace takes one change of its network at a time.
@batchSize(1)
resource outbound 'Microsoft.MachineLearningServices/workspaces/outboundRules@2025-12-01' = [
  for rule in rules: {
    parent: workspace
    name: rule.name
    properties: {
      type: 'PrivateEndpoint'
      category: 'UserDefined'
      destination: {
        serviceResourceId: rule.account
        subresourceTarget: rule.target
        sparkEnabled: false
      }
    }
    dependsOn: [
      approvesData
      approvesOps
      approvesVault
      approvesRegistry
    ]
  }
]

@description('Every assignment, made or not.')
output assignments assignment[] = [
  for scope in [data.id, ops.id, vault.id, registry.id]: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleId: approver.roleId
    role: roleNames[approver.roleId]
    scope: scope
    why: approver.why
  }
]
